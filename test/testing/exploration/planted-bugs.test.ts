import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { Exploration } from '../../../src/testing/explore.js';

/*
 * An exploration is worth what it finds. Each of these bugs, planted into a copy of the sources, must be found within a
 * bounded number of runs, as a break of the promise that it breaks.
 */
const BUGS: readonly [bug: string, promises: string, file: string, from: string, to: string][] = [
  ['a session that comes too late is kept', 'P2', 'machines/escrow.ts', 'else undo();', ''],
  ['what was created is not undone when the init fails', 'P2', 'machines/escrow.ts', '    undo?.();\n', ''],
  [
    'a success does not claim its session, so that it can be undone',
    'P2',
    'machines/session-init.ts',
    "state === 'authorized' ? 'claimSession' : 'releaseSession'",
    "'releaseSession'",
  ],
  [
    'a removal that fails is not tried again',
    'P2',
    'machines/orphan-removal.ts',
    'if (wait === undefined) return;',
    'return;',
  ],
  [
    'the guard of authentication takes every answer for a yes',
    'P3 P7',
    'machines/session-init.ts',
    "outputOf(event).outcome === 'authenticated' && typeof outputOf(event).user === 'string'",
    'true',
  ],
  [
    'the guards of authorization are swapped',
    'P3 P7',
    'machines/session-init.ts',
    "{ guard: 'isAuthorized', target: 'establishing' },\n          { guard: 'isDenied', target: 'notAuthorized'",
    "{ guard: 'isDenied', target: 'establishing' },\n          { guard: 'isAuthorized', target: 'notAuthorized'",
  ],
  [
    'authorization is skipped',
    'P3',
    'machines/session-init.ts',
    "{ guard: 'isAuthenticated', target: 'authorizing'",
    "{ guard: 'isAuthenticated', target: 'establishing'",
  ],
  [
    'the request deadline is lost',
    'P1',
    'machines/session-init.ts',
    "after: { requestTimeout: '.requestTimedOut' },",
    '',
  ],
  [
    'the deadline of the authorizer is lost',
    'P1',
    'machines/session-init.ts',
    "after: { authorizationTimeout: 'authAttemptTimedOut' },",
    '',
  ],
  [
    'the engine loses the timers of a state that is entered',
    'P1',
    'machines/engine/execution.ts',
    'this.#timers = this.#setTimers(state.timers, event);',
    '',
  ],
  [
    'an init is told of twice',
    'P1',
    'orchestrator.ts',
    'onResponse?.(result.response, record);',
    'onResponse?.(result.response, record);\n    onResponse?.(result.response, record);',
  ],
  ['a caller who leaves is not noticed', 'P1', 'orchestrator.ts', 'else caller?.onAbort(abort);', ''],
  [
    'a slot leaks when the init fails',
    'P8',
    'orchestration/admission.ts',
    'if (ticket.hasSlot) this.#slots.release();',
    "if (ticket.hasSlot && verdict === 'succeeded') this.#slots.release();",
  ],
  [
    'a slot that comes too late is kept',
    'P8',
    'orchestration/admission.ts',
    'if (ticket.hasLeft) this.#slots.release();',
    '',
  ],
  [
    'one too many is let in',
    'P8',
    'model/slots.ts',
    'if (this.#taken >= this.#size) return false;',
    'if (this.#taken > this.#size) return false;',
  ],
  [
    'a guess is not counted',
    'P8',
    'orchestrator.ts',
    "state === 'authenticationDenied') return 'denied'",
    "state === 'authenticationDenied') return 'withdrawn'",
  ],
  ['a fault counts as a guess', 'P7', 'orchestrator.ts', "? 'denied' : 'withdrawn'", "? 'denied' : 'denied'"],
  [
    'a success does not forget the guesses before it',
    'P7',
    'orchestration/memory-guess-store.ts',
    'if (rules.clearsOnSuccess) counts.forget(key);',
    ';',
  ],
  [
    'a success forgets attempts that are still under way',
    'P8',
    'orchestration/memory-guess-store.ts',
    'if (rules.clearsOnSuccess) counts.forget(key);',
    'if (rules.clearsOnSuccess) this.#counts.clear();',
  ],
  [
    'an attempt that is under way passes for a failure',
    'P7',
    'orchestration/memory-guess-store.ts',
    "{ outcome: 'busy', atKnown }",
    "{ outcome: 'locked', atKnown, retryAfter: 1_000 }",
  ],
  [
    'the eviction is off by one',
    'P8',
    'adapters/session-managers/memory.ts',
    'live.length - lifetime.maxSessionsPerUser + 1',
    'live.length - lifetime.maxSessionsPerUser',
  ],
  [
    'the limit of sessions is off by one',
    'P8',
    'adapters/session-managers/memory.ts',
    '.length >= lifetime.maxSessionsPerUser) {\n        return',
    '.length > lifetime.maxSessionsPerUser) {\n        return',
  ],
  [
    "the user's secret is in the record",
    'P5',
    'orchestration/init-record.ts',
    '  return record;',
    "  const { request } = context ?? {};\n  if (request && 'user_secret' in request) record.cause = request.user_secret.reveal();\n  return record;",
  ],
  [
    "the text of a backend's error goes to the client",
    'P5',
    'machines/terminal-states.ts',
    'const details = init.failure?.details ??',
    'const details = init.failure?.details ?? (init.failure?.cause as Error | undefined)?.message ??',
  ],
  [
    'a terminal state says the reason of another',
    'P4',
    'machines/terminal-states.ts',
    'reason: reason ??',
    "reason: reason === 'REQUEST_TIMED_OUT' || reason === 'OTHER' ? 'UNKNOWN' : reason ??",
  ],
  [
    'the failure of an authenticator passes for a denial',
    'P7',
    'machines/session-init.ts',
    "onError: faults('authenticationSystemFailed'),",
    "onError: faults('authenticationDenied'),",
  ],
  [
    'new inits come in while the service drains',
    'P8',
    'orchestration/admission.ts',
    'if (this.#draining)',
    'if (this.#draining && this.size > 0)',
  ],
];

const EXPLORER = fileURLToPath(new URL('../../fixtures/explore-mutant.mjs', import.meta.url));
const RUNS = 10_000;

function explorePlanted(file: string, from: string, to: string): Exploration & { planted: number } {
  const request = JSON.stringify({ file, from, to, runs: RUNS, seed: 1 });
  const { stdout, stderr } = spawnSync(process.execPath, [EXPLORER, request], { encoding: 'utf8' });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout);
}

describe('a bug that is planted is found', () => {
  test.each(BUGS)(
    '%s: %s',
    (_, promises, file, from, to) => {
      const { planted, broken } = explorePlanted(file, from, to);
      expect(planted).toBe(1);
      expect(promises.split(' ')).toContain(broken?.promise);
      // A reader follows it at a glance.
      expect(broken?.script.length).toBeLessThanOrEqual(14);
    },
    300_000,
  );

  test('and there are at least ten', () => {
    expect(BUGS.length).toBeGreaterThanOrEqual(10);
  });
});
