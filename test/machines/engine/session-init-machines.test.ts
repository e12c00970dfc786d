import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AnyStateMachine, assign, createMachine, emit, fromPromise } from 'xstate';
import * as compile from '../../../src/machines/engine/compile.js';
import * as execution from '../../../src/machines/engine/execution.js';
import { sessionInitMachine } from '../../../src/machines/session-init.js';
import { BackendFaultError, DefectError, OverloadedError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';
import { FullAuthSession } from '../../../src/model/session.js';
import { decodeSessionInitMessage } from '../../../src/model/session-init-message.js';
import { type Step, startActor, startCompiled, stepOf, trace } from './script.js';

/*
 * The very machine that runs in production, and versions of it as people make them who extend it, in both engines, under
 * the same random scripts.
 */

type States = Record<string, Record<string, unknown>>;
type Log = (entry: string) => void;

/** The machine, with another configuration of its states. */
function withStates(change: (states: States) => States, context: Record<string, unknown> = {}): AnyStateMachine {
  const { config, implementations } = sessionInitMachine;
  const makeContext = config.context as unknown as (given: object) => object;
  const machine: AnyStateMachine = createMachine({
    ...config,
    context: (given: object) => ({ ...makeContext(given), ...context }),
    states: change(config.states as unknown as States),
  } as never);
  return machine.provide(implementations as never);
}

const MACHINES: Readonly<Record<string, (log: Log) => AnyStateMachine>> = {
  'the machine as it is': () => sessionInitMachine,

  'one whose guards, delays and actions are somebody else’s': (log) =>
    (sessionInitMachine as AnyStateMachine).provide({
      guards: {
        isAuthorized: ({ event }: { event: { output?: { outcome?: string; cause?: string } } }) =>
          event.output?.outcome === 'authorized',
      },
      delays: {
        authenticationTimeout: 25,
        requestTimeout: ({ context }: { context: { referenceId: string } }) => context.referenceId.length * 30,
      },
      actions: {
        recordIdentity: assign({ identity: ({ event }) => ({ user: `${event['output'].user}@example.org` }) }),
        releaseSession: ({ context }: { context: { escrow: { release(): void } } }) => {
          log('release');
          context.escrow.release();
        },
        announce: emit(({ context }, state: string) => ({ type: 'ended', state, code: context['failure']?.code })),
      },
    } as never),

  'one that asks once more before the session, and counts': (log) =>
    withStates(
      ({ authorizing, ...others }) => ({
        ...others,
        authorizing: {
          ...authorizing,
          exit: assign({ asked: ({ context }) => context['asked'] + 1 }),
          invoke: {
            ...(authorizing?.['invoke'] as object),
            onDone: [
              { guard: 'isAuthorized', target: 'checkingTerms' },
              { target: 'notAuthorized', actions: 'recordDenial' },
            ],
          },
        },
        checkingTerms: {
          entry: [
            () => log('asked for the terms'),
            emit(({ context }) => ({ type: 'terms', asked: context['asked'] })),
          ],
          invoke: {
            id: 'checkTerms',
            src: 'authorize',
            input: ({ context }: { context: { identity: unknown } }) => context.identity,
            onDone: [{ guard: 'isAuthorized', target: 'establishing' }, { target: 'notAuthorized' }],
            onError: 'refused',
          },
          on: { 'request.hurry': { target: 'checkingTerms', reenter: true }, 'request.skip': 'establishing' },
          after: { 15: 'authAttemptTimedOut' },
        },
      }),
      { asked: 0 },
    ),

  'one whose action throws': () =>
    (sessionInitMachine as AnyStateMachine).provide({
      actions: {
        recordDenial: () => {
          throw new Error('The action has a bug.');
        },
      },
    } as never),
};

const session = (user: string) =>
  new FullAuthSession({
    session_id: 7,
    session_secret: new Secret('a'.repeat(64)),
    created: new Date(0),
    last_accessed: new Date(0),
    ip_address: '192.0.2.1',
    user,
  });

/** Whatever an invoked actor may answer, or fail with, and some that it must not. */
const ANSWERS = [
  { outcome: 'admitted' },
  { outcome: 'admitted' },
  { outcome: 'refused', code: 'throttled', retryAfter: 3 },
  {
    outcome: 'authenticated',
    user: 'alice',
    groups: ['staff'],
    path: [{ backend: 'a', outcome: 'authenticated', milliseconds: 1 }],
  },
  { outcome: 'authenticated', user: 'alice' },
  { outcome: 'denied', cause: 'wrongSecret' },
  { outcome: 'authorized' },
  { outcome: 'authorized' },
  { outcome: 'created', session: session('alice') },
  { outcome: 'created', session: session('alice@example.org') },
  { outcome: 'created', session: session('mallory') },
  { outcome: 'limitReached' },
  undefined,
  'garbage',
];
const ERRORS = [
  new Error('down'),
  new OverloadedError('busy', { retryAfter: 2 }),
  new DefectError('a bug'),
  new BackendFaultError('down', { path: [{ backend: 'a', outcome: 'failed', milliseconds: 1 }] }),
  'a string',
  undefined,
];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: stepOf(['request.cancel', 'request.hurry', 'request.skip', 'unknown']) },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant('resolve' as const), which: fc.nat(4), value: fc.constantFrom(...ANSWERS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('reject' as const), which: fc.nat(4), value: fc.constantFrom(...ERRORS) }),
  },
);

/** A script that leads on, with whatever else happens between: those at random alone seldom reach the last phase. */
const leadingOn: fc.Arbitrary<Step[]> = fc
  .tuple(
    ...[[0], [3, 4], [6], [6, 8, 9], [8, 9]].map((answers, which) =>
      fc.tuple(
        fc.array(step, { maxLength: 1 }),
        fc.constantFrom(...answers).map((answer) => ({ do: 'resolve' as const, which, value: ANSWERS[answer] })),
      ),
    ),
  )
  .map((phases) => phases.flatMap(([between, resolve]) => [...between, resolve, { do: 'turns' as const, count: 3 }]));

const input = {
  message: decodeSessionInitMessage({ username: 'alice', user_secret: 'marked-user-secret-1' }),
  ipAddress: '192.0.2.1',
  referenceId: 'ref',
  deadlines: { request: 60, admission: 10, authentication: 15, authorization: 15, session: 20 },
  now: () => 0,
};

test.each(Object.entries(MACHINES))('the engine does what XState does: %s', async (_, build) => {
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.array(step, { maxLength: 25 }), leadingOn), async (steps) => {
      const [theirs, ours] = await Promise.all(
        [startActor, startCompiled({ ...compile, ...execution })].map((start) =>
          trace(
            ({ log, control }) => {
              const actor = (name: string) =>
                fromPromise(({ input: given, signal }) => {
                  log(`start ${name} with ${JSON.stringify(given)}`);
                  signal.addEventListener('abort', () => log(`abort ${name}`));
                  return new Promise((resolve, reject) => control(resolve, reject));
                });
              const names = ['admit', 'authenticate', 'authorize', 'establishSession'];
              const actors = Object.fromEntries(names.map((name) => [name, actor(name)]));
              return build(log).provide({ actors } as never);
            },
            start,
            input,
            steps,
          ),
        ),
      );
      expect(ours).toEqual(theirs);
      for (const entry of theirs ?? [])
        if (entry.startsWith('emit')) ends.add(/"state":"(\w+)"/.exec(entry)?.[1] ?? '');
    }),
    { numRuns: Number(process.env['ENGINE_RUNS'] ?? 300), interruptAfterTimeLimit: 60_000 },
  );
  // What reaches no end compares nothing.
  expect([...ends]).toEqual(expect.arrayContaining(['authorized', 'refused', 'authenticationSystemFailed']));
});
