import { describe, expect, test } from '@jest/globals';
import {
  type AnyStateMachine,
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  raise,
  sendTo,
  spawnChild,
  stopChild,
} from 'xstate';
import { connectionMachine } from '../../../src/machines/connection.js';
import { compileMachine, Unsupported } from '../../../src/machines/engine/compile.js';
import { sessionInitRunner } from '../../../src/machines/run-session-init.js';
import { sessionInitMachine } from '../../../src/machines/session-init.js';
import { sessionInitActors } from '../../../src/machines/session-init-actors.js';
import type { Clock } from '../../../src/model/clock.js';
import { ConfigurationError } from '../../../src/model/errors.js';
import { SessionInitMessage } from '../../../src/model/session-init-message.js';
import { simulatedClock } from '../../../src/testing/simulated-clock.js';
import {
  BackendLog,
  scriptedAuthenticator,
  scriptedAuthorizer,
  scriptedSessionManager,
  YES,
} from '../../support/scripted-backends.js';

/** A machine of two states, with something in one place. */
const machineWith = (state: object, root: object = {}, implementations: object = {}) =>
  createMachine(
    { initial: 'a', states: { a: { on: { go: 'b' }, ...state }, b: {} }, ...root } as never,
    implementations as never,
  ) as AnyStateMachine;

const withAction = (action: unknown) => machineWith({ entry: action });
const withActor = (logic: unknown) =>
  machineWith({ invoke: { id: 'x', src: 'x', onDone: 'b' } }, {}, { actors: { x: logic } });

const observable = { subscribe: () => ({ unsubscribe: () => {} }) };
const bound = function (this: unknown) {}.bind({});

/** What the engine calls it, and a machine that has it. */
const REFUSED: Record<string, [feature: string, machine: AnyStateMachine]> = {
  'a nested state': ['a compound state', machineWith({ initial: 'c', states: { c: {} } })],
  'a parallel state': ['a parallel state', machineWith({ type: 'parallel', states: { c: {} } })],
  'a parallel machine': [
    "a machine of type 'parallel'",
    createMachine({ type: 'parallel', states: { a: {} } } as never) as AnyStateMachine,
  ],
  'a history state': ['a history state', machineWith({}, { states: { a: {}, h: { type: 'history' } } })],
  'an entry action of the root': ['entry or exit actions of the root', machineWith({}, { entry: () => {} })],
  'an exit action of the root': ['entry or exit actions of the root', machineWith({}, { exit: () => {} })],
  'onDone of the root': ['onDone of the root', machineWith({}, { onDone: { actions: () => {} } })],
  'a limit of iterations': ['maxIterations', machineWith({}, { options: { maxIterations: 10 } })],
  'an invoke of the root': ['an invoke of the root', machineWith({}, { invoke: { src: fromPromise(async () => {}) } })],
  'an always transition of the root': [
    'an always transition of the root',
    machineWith({}, { always: { guard: () => false, target: '.b' } }),
  ],
  'an always transition that stays': [
    'an always transition that stays in its state',
    machineWith({ always: { guard: () => false, actions: () => {} } }),
  ],
  'a re-entry of the root': [
    'a transition that re-enters the root',
    machineWith({}, { on: { again: { target: '.b', reenter: true } } }),
  ],
  'a wildcard': ["the wildcard '*'", machineWith({ on: { '*': 'b' } })],
  'a partial wildcard': ["the wildcard 'go.*'", machineWith({ on: { 'go.*': 'b' } })],
  'the output of a final state': [
    'the output of a final state',
    machineWith({}, { states: { a: {}, b: { type: 'final', output: 7 } } }),
  ],
  'an initial action': [
    'actions of an initial transition',
    machineWith({}, { initial: { target: 'a', actions: () => {} } }),
  ],
  'a delay without implementation': [
    "the delay 'later', which has no implementation",
    machineWith({ after: { later: 'b' } }),
  ],
  'a delay that mentions self': [
    "the delay 'later', which mentions self",
    machineWith({ after: { later: 'b' } }, {}, { delays: { later: ({ self }: never) => Number(self) } }),
  ],
  'a guard made of guards': [
    'a guard made of guards',
    machineWith({ on: { go: { guard: and([() => true]), target: 'b' } } }),
  ],
  'a guard that is no function': [
    "the guard 'odd', which is no function",
    machineWith({ on: { go: { guard: 'odd', target: 'b' } } }, {}, { guards: { odd: true } }),
  ],
  'a named guard made of guards': [
    'a guard made of guards',
    machineWith({ on: { go: { guard: 'both', target: 'b' } } }, {}, { guards: { both: and([() => true]) } }),
  ],
  'a guard without implementation': [
    "the guard 'missing', which is no function",
    machineWith({ on: { go: { guard: 'missing', target: 'b' } } }),
  ],
  'a systemId': ['a systemId', machineWith({ invoke: { src: fromPromise(async () => {}), systemId: 's' } })],
  onSnapshot: ['onSnapshot', machineWith({ invoke: { src: fromPromise(async () => {}), onSnapshot: 'b' } })],
  raise: ['the action xstate.raise', withAction(raise({ type: 'go' } as never))],
  sendTo: ['the action xstate.sendTo', withAction(sendTo('x' as never, { type: 'go' } as never))],
  log: ['the action xstate.log', withAction(log('x'))],
  cancel: ['the action xstate.cancel', withAction(cancel('x'))],
  spawnChild: ['the action xstate.spawnChild', withAction(spawnChild(fromPromise(async () => {}) as never))],
  stopChild: ['the action xstate.stopChild', withAction(stopChild('x'))],
  enqueueActions: ['the action xstate.enqueueActions', withAction(enqueueActions(() => {}))],
  'an action that is no function': [
    "the action 'odd', which is no function",
    machineWith({ entry: 'odd' }, {}, { actions: { odd: 7 } }),
  ],
  'an action that mentions self': [
    'an action, which mentions self',
    withAction(({ self }: { self: { id: string } }) => self.id),
  ],
  'an action that takes the system': [
    'an action, which mentions system',
    withAction((args: { system: unknown }) => args.system),
  ],
  'an action whose text cannot be read': ['an action, whose text cannot be read', withAction(bound)],
  'an assign that spawns': [
    'an assign, which mentions spawn',
    withAction(assign((({ spawn }: { spawn: (src: string) => unknown }) => ({ child: spawn('x') })) as never)),
  ],
  'an emit that mentions the system': [
    'an emit, which mentions system',
    withAction(emit((({ system }: { system: object }) => ({ type: String(system) })) as never)),
  ],
  'a context that spawns': [
    'the context, which mentions spawn',
    machineWith({}, { context: ({ spawn }: { spawn: (src: string) => unknown }) => ({ child: spawn('x') }) }),
  ],
  'an output that mentions self': [
    'the output, which mentions self',
    machineWith({}, { output: ({ self }: never) => self }),
  ],
  'an input that mentions self': [
    "the input of the actor 'x', which mentions self",
    machineWith(
      { invoke: { id: 'x', src: 'x', input: ({ self }: never) => self } },
      {},
      { actors: { x: fromPromise(async () => {}) } },
    ),
  ],
  fromCallback: ["the actor 'x', which is not made by fromPromise", withActor(fromCallback(() => {}))],
  fromObservable: [
    "the actor 'x', which is not made by fromPromise",
    withActor(fromObservable(() => observable as never)),
  ],
  fromTransition: ["the actor 'x', which is not made by fromPromise", withActor(fromTransition((state) => state, {}))],
  'a machine as an actor': ["the actor 'x', which is not made by fromPromise", withActor(createMachine({}))],
  'a promise that emits': [
    "the actor 'x', which mentions emit",
    withActor(fromPromise(async ({ emit: tell }) => tell({ type: 'x' }))),
  ],
  'an actor without implementation': [
    "the actor 'missing', which is not made by fromPromise",
    machineWith({ invoke: { id: 'x', src: 'missing' } }),
  ],
  'a transition to several targets': [
    'a transition to several targets',
    machineWith({ on: { go: { target: ['b', 'a'] } } }),
  ],
  'a transition to the root': ['a transition to the root', machineWith({ on: { go: '#top' } }, { id: 'top' })],
};

/** Backends that say yes. */
function willingActors(clock: Clock) {
  const book = new BackendLog();
  return sessionInitActors({
    authenticator: scriptedAuthenticator(() => YES, clock, book),
    authorizer: scriptedAuthorizer(() => YES, clock, book),
    sessionManager: scriptedSessionManager(() => YES, clock, book),
    clock,
  });
}

describe('what the engine does not run, it refuses by name', () => {
  test.each(Object.entries(REFUSED))('%s', (_, [feature, machine]) => {
    expect(compileMachine(machine)).toEqual(new Unsupported(feature));
  });

  test('our own machines are compiled', () => {
    expect(compileMachine(sessionInitMachine as never)).not.toBeInstanceOf(Unsupported);
    expect(compileMachine(connectionMachine as never)).not.toBeInstanceOf(Unsupported);
  });
});

describe('a machine that reaches for the actor by a way round', () => {
  const helper = (args: { self: { id: string } }) => args.self.id;

  test('fails once, loudly; from then on XState runs it', async () => {
    const clock = simulatedClock();
    const actors = willingActors(clock);
    const ids: string[] = [];
    const machine = sessionInitMachine.provide({
      actors,
      actions: {
        recordIdentity: assign(((args: never) => {
          ids.push(helper(args));
          return { identity: { user: 'alice' } };
        }) as never),
      } as never,
    });
    const features: string[] = [];
    const runner = sessionInitRunner(machine, { clock, onFallback: (feature) => features.push(feature) });
    expect(runner.engine).toBe('compiled');
    const input = { message: new SessionInitMessage('alice', 'x'), ipAddress: '::1', referenceId: 'r' };
    const first = await runner.start(input).finished;
    expect(first.state).toBe('failedUnexpectedly');
    expect(features).toEqual(['self']);
    expect(runner.engine).toBe('actor');
    const second = await runner.start(input).finished;
    expect(second.state).toBe('authorized');
    expect(ids).toEqual([expect.stringMatching(/^x:/)]);
  });
});

test('what cannot be compiled is told when the runner is made, and not again with each init', async () => {
  const features: string[] = [];
  const clock = simulatedClock();
  const actors = willingActors(clock);
  const recordIdentity = raise({ type: 'go' } as never);
  const machine = sessionInitMachine.provide({ actions: { recordIdentity } as never });
  const runner = sessionInitRunner(machine, { clock, actors, onFallback: (feature) => features.push(feature) });
  expect(features).toEqual(['the action xstate.raise']);
  const input = { message: new SessionInitMessage('alice', 'x'), ipAddress: '::1', referenceId: 'r' };
  await runner.start(input).finished;
  expect(features).toHaveLength(1);
});

describe('an engine that cannot be', () => {
  const options = { clock: simulatedClock(), inspect: () => {} };

  test('compiled and inspected', () => {
    expect(() => sessionInitRunner(sessionInitMachine, { ...options, engine: 'compiled' })).toThrow(ConfigurationError);
    expect(sessionInitRunner(sessionInitMachine, options).engine).toBe('actor');
  });

  test('of another name', () => {
    expect(() => sessionInitRunner(sessionInitMachine, { ...options, engine: 'fast' as never })).toThrow(
      /engine must be/,
    );
  });
});
