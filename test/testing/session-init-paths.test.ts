import { afterAll, describe, expect, test } from '@jest/globals';
import { TERMINAL_STATES } from '../../src/machines/terminal-states.js';
import { sessionInitPaths } from '../../src/testing/index.js';
import { webSocketUnderTest } from '../support/web-socket-under-test.js';

describe('every path through the machine, over the WebSocket transport', () => {
  const { cases, coverage } = sessionInitPaths({ transport: webSocketUnderTest });
  afterAll(() => void process.stdout.write(`${coverage()}\n`));
  for (const { name, run } of cases) test(name, run);

  test('P4: every state and every transition is covered', () => {
    expect(coverage().states.missing).toEqual([]);
    expect(coverage().transitions.missing).toEqual([]);
    expect(coverage().states.covered).toEqual(expect.arrayContaining(Object.keys(TERMINAL_STATES)));
    expect(coverage().transitions.covered).toHaveLength(39);
  });

  test('what the ports rule out is known, and all else is played on an orchestrator', () => {
    const onMachine = cases.filter(({ on }) => on === 'machine').map(({ name }) => name.split(' > ').at(-2));
    expect(onMachine.sort()).toEqual([
      'admit gets past its port with garbage',
      'admit has a defect',
      'admit is overloaded',
      'admit throws',
      'authenticate gets past its port with garbage',
      'authorize gets past its port with garbage',
    ]);
  });
});

describe.each(['compiled', 'actor'] as const)('P6: every path, called directly, on the engine %s', (engine) => {
  const { cases, coverage } = sessionInitPaths({ engine });
  for (const { name, run } of cases) test(name, run);

  test('every state is covered', () => expect(coverage().states.missing).toEqual([]));
});
