import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { statesOf } from '../../src/graph/graph-edges.js';
import { CONNECTION_DELAYS, describeOwnMachine, OWN_MACHINES } from '../../src/graph/own-machines.js';
import { TERMINAL_STATES } from '../../src/machines/terminal-states.js';
import { resolveOptions } from '../../src/transports/websocket/options.js';
import { root } from '../support/package-exports.js';

test.each(OWN_MACHINES)('%s: every deadline is told in milliseconds', (machine) => {
  const graph = describeOwnMachine(machine);
  const delays = [graph.root, ...statesOf(graph.root)].flatMap((it) =>
    it.transitions.flatMap(({ delay }) => delay ?? []),
  );
  expect(delays.length).toBeGreaterThan(0);
  for (const delay of delays) expect(delay).toEqual({ name: expect.any(String), milliseconds: expect.any(Number) });
});

test('the deadlines of a connection are those that the transport sets', () => {
  const { limits } = resolveOptions({ port: 0 });
  const { greetingTimeout, pongTimeout, handlerTimeout, closeTimeout, pingInterval, idleTimeout } = limits;
  const quietTimeout = Math.min(pingInterval, idleTimeout);
  expect(CONNECTION_DELAYS).toEqual({ greetingTimeout, quietTimeout, pongTimeout, handlerTimeout, closeTimeout });
});

test('what each end means', () => {
  const ends = describeOwnMachine('session-init').root.states.filter(({ type }) => type === 'final');
  expect(Object.fromEntries(ends.map(({ key, outcome }) => [key, outcome]))).toEqual({
    ...Object.fromEntries(Object.keys(TERMINAL_STATES).map((state) => [state, 'fault'])),
    authorized: 'success',
    authenticationDenied: 'denial',
    notAuthorized: 'denial',
    refused: 'denial',
  });
});

test('what is generated from the machines is fresh: node scripts/write-graphs.js', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/write-graphs.js'), '--check'], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
}, 120_000);
