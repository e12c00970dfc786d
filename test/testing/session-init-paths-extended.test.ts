import { describe, expect, test } from '@jest/globals';
import { type AnyStateMachine, createMachine } from 'xstate';
import { type SessionInitMachine, sessionInitMachine } from '../../src/machines/session-init.js';
import { ConfigurationError } from '../../src/model/errors.js';
import { type MakeTransport, sessionInitPaths } from '../../src/testing/index.js';
import { webSocketUnderTest } from '../support/web-socket-under-test.js';

type StateConfig = Record<string, unknown>;

/** A machine with other states, and the implementations of ours. */
function extendedBy(change: (states: Record<string, StateConfig>) => Record<string, StateConfig>): SessionInitMachine {
  const { config, implementations } = sessionInitMachine;
  const states = change(config.states as unknown as Record<string, StateConfig>);
  const machine: AnyStateMachine = createMachine({ ...config, states } as never);
  return machine.provide(implementations as never) as unknown as SessionInitMachine;
}

/** Whoever is authorized must have accepted the terms of use, too. */
const withTerms = extendedBy((states) => {
  const { authorizing, ...others } = states as Record<string, StateConfig> & { authorizing: { invoke: StateConfig } };
  const { onDone } = authorizing.invoke as { onDone: StateConfig[] };
  return {
    ...others,
    authorizing: {
      ...authorizing,
      invoke: {
        ...authorizing.invoke,
        onDone: onDone.map((it) => (it['target'] === 'establishing' ? { ...it, target: 'checkingTerms' } : it)),
      },
    },
    checkingTerms: {
      description: 'Asks whether the user has accepted the terms of use.',
      invoke: {
        id: 'checkTerms',
        src: 'checkTerms',
        onDone: [
          { guard: 'isAuthorized', target: 'establishing' },
          { target: 'notAuthorized', actions: 'recordDenial' },
        ],
        onError: { target: 'refused', actions: { type: 'recordFault', params: 'authorizer_failed' } },
      },
      after: { 300: 'authAttemptTimedOut' },
    },
  };
});

const checkTerms = [
  { name: 'finds them accepted', output: { outcome: 'authorized' } },
  { name: 'finds them not accepted', output: { outcome: 'denied', cause: 'terms' } },
  { name: 'fails', error: new Error('The terms are lost.') },
];

async function failures({ cases }: ReturnType<typeof sessionInitPaths>): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of cases) await run().catch(() => failed.push(name));
  return failed;
}

describe('a machine that somebody has extended', () => {
  describe('by a state and an actor', () => {
    const { cases, coverage } = sessionInitPaths({
      machine: withTerms,
      actors: { checkTerms },
      transport: webSocketUnderTest,
    });
    for (const { name, run } of cases) test(name, run);

    test('is covered whole: the new state, and each of its transitions', () => {
      expect(coverage().states.missing).toEqual([]);
      expect(coverage().transitions.missing).toEqual([]);
      expect(coverage().transitions.covered.filter((name) => name.startsWith('checkingTerms'))).toEqual([
        'checkingTerms: checkTerms done [isAuthorized] -> establishing',
        'checkingTerms: checkTerms done [2 of 2] -> notAuthorized',
        'checkingTerms: checkTerms error -> refused',
        'checkingTerms: after 300 -> authAttemptTimedOut',
        'checkingTerms: request.cancel -> refused',
        'checkingTerms: after requestTimeout -> requestTimedOut',
      ]);
      expect(cases.some(({ states }) => states.includes('checkingTerms') && states.at(-1) === 'authorized')).toBe(true);
    });
  });

  test('by a guard: the paths are those of the guard', async () => {
    const machine = sessionInitMachine.provide({ guards: { isAuthorized: () => false } });
    const paths = sessionInitPaths({ machine });
    expect(await failures(paths)).toEqual([]);
    expect(paths.coverage().states.missing).toEqual([
      'establishing',
      'authorized',
      'sessionDetailsMissing',
      'sessionManagerFailed',
    ]);
    expect(String(paths.coverage())).toMatch(
      /^Covered: 11 of 15 states, \d+ of 39 transitions\.\n {2}missing: establishing\n/,
    );
  });
});

describe('what is wrong is found', () => {
  const entryOf = (state: StateConfig | undefined) => state?.['entry'] as unknown[];
  const without = (state: string, action: string) =>
    extendedBy((states) => ({
      ...states,
      [state]: { ...states[state], entry: entryOf(states[state]).filter((it) => it !== action) },
    }));

  test.each(['sessionManagerFailed', 'requestTimedOut', 'refused'])(
    'P2: a session that %s does not release',
    async (state) => {
      const failed = await failures(sessionInitPaths({ machine: without(state, 'releaseSession') }));
      expect(failed.length).toBeGreaterThan(0);
      for (const name of failed) expect(name).toMatch(new RegExp(`(passes|goes) > ${state}$`));
    },
  );

  test('a transport that tells another reason, or leaves nothing to be told', async () => {
    const spoilt: MakeTransport = async (...args) => {
      const transport = await webSocketUnderTest(...args);
      return {
        ...transport,
        async connect() {
          const client = await transport.connect();
          const change = (text: string) => text.replaceAll('USER_NOT_AUTHORIZED', 'AUTHENTICATION_DENIED');
          return { ...client, ask: async (request) => change(await client.ask(request)) };
        },
      };
    };
    const failed = await failures(sessionInitPaths({ transport: spoilt }));
    expect(failed).toEqual([
      'a request > admit admits > authenticate authenticates > authorize denies > notAuthorized',
    ]);
  });

  test.each<[string, () => SessionInitMachine, RegExp]>([
    [
      'a state in a state',
      () =>
        extendedBy((states) => ({ ...states, receiving: { ...states['receiving'], initial: 'a', states: { a: {} } } })),
      /State receiving is compound, and a machine of inits is flat/,
    ],
    ['an actor of which nothing is told', () => withTerms, /invokes checkTerms, of which it is not known how it ends/],
    [
      'an end without a response',
      () => extendedBy((states) => ({ ...states, notAuthorized: { type: 'final' } })),
      /ends in notAuthorized gets no response/,
    ],
    [
      'an end without a reason',
      () =>
        extendedBy((states) => ({
          ...states,
          authorizing: { always: 'banned' },
          banned: { ...states['notAuthorized'] },
        })),
      /cannot end in banned.*There are: authorized/,
    ],
  ])('%s is refused, with what was expected', (_, machine, message) => {
    expect(() => sessionInitPaths({ machine: machine() })).toThrow(ConfigurationError);
    expect(() => sessionInitPaths({ machine: machine() })).toThrow(message);
  });
});
