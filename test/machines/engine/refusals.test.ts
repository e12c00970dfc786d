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

const REFUSED: Record<string, AnyStateMachine> = {
  'a nested state': machineWith({ initial: 'c', states: { c: {} } }),
  'a parallel state': machineWith({ type: 'parallel', states: { c: {} } }),
  'a parallel machine': createMachine({ type: 'parallel', states: { a: {} } } as never) as AnyStateMachine,
  'a history state': machineWith({}, { states: { a: {}, h: { type: 'history' } } }),
  'an entry action of the root': machineWith({}, { entry: () => {} }),
  'an invoke of the root': machineWith({}, { invoke: { src: fromPromise(async () => {}) } }),
  'an always transition of the root': machineWith({}, { always: { guard: () => false, target: '.b' } }),
  'an always transition that stays': machineWith({ always: { guard: () => false, actions: () => {} } }),
  'a re-entry of the root': machineWith({}, { on: { again: { target: '.b', reenter: true } } }),
  'a wildcard': machineWith({ on: { '*': 'b' } }),
  'a partial wildcard': machineWith({ on: { 'go.*': 'b' } }),
  'the output of a final state': machineWith({}, { states: { a: {}, b: { type: 'final', output: 7 } } }),
  'an initial action': machineWith({}, { initial: { target: 'a', actions: () => {} } }),
  'a delay without implementation': machineWith({ after: { later: 'b' } }),
  'a delay that mentions self': machineWith(
    { after: { later: 'b' } },
    {},
    { delays: { later: ({ self }: never) => Number(self) } },
  ),
  'a guard made of guards': machineWith({ on: { go: { guard: and([() => true]), target: 'b' } } }),
  'a guard without implementation': machineWith({ on: { go: { guard: 'missing', target: 'b' } } }),
  'a systemId': machineWith({ invoke: { src: fromPromise(async () => {}), systemId: 's' } }),
  onSnapshot: machineWith({ invoke: { src: fromPromise(async () => {}), onSnapshot: 'b' } }),
  raise: withAction(raise({ type: 'go' } as never)),
  sendTo: withAction(sendTo('x' as never, { type: 'go' } as never)),
  log: withAction(log('x')),
  cancel: withAction(cancel('x')),
  spawnChild: withAction(spawnChild(fromPromise(async () => {}) as never)),
  stopChild: withAction(stopChild('x')),
  enqueueActions: withAction(enqueueActions(() => {})),
  'an action that mentions self': withAction(({ self }: { self: { id: string } }) => self.id),
  'an action that takes the system': withAction((args: { system: unknown }) => args.system),
  'an action whose text cannot be read': withAction(bound),
  'an assign that spawns': withAction(
    assign((({ spawn }: { spawn: (src: string) => unknown }) => ({ child: spawn('x') })) as never),
  ),
  'an emit that mentions the system': withAction(
    emit((({ system }: { system: object }) => ({ type: String(system) })) as never),
  ),
  'a context that spawns': machineWith(
    {},
    { context: ({ spawn }: { spawn: (src: string) => unknown }) => ({ child: spawn('x') }) },
  ),
  'an output that mentions self': machineWith({}, { output: ({ self }: never) => self }),
  'an input that mentions self': machineWith(
    { invoke: { id: 'x', src: 'x', input: ({ self }: never) => self } },
    {},
    { actors: { x: fromPromise(async () => {}) } },
  ),
  fromCallback: withActor(fromCallback(() => {})),
  fromObservable: withActor(fromObservable(() => observable as never)),
  fromTransition: withActor(fromTransition((state) => state, {})),
  'a machine as an actor': withActor(createMachine({})),
  'a promise that emits': withActor(fromPromise(async ({ emit: tell }) => tell({ type: 'x' }))),
  'an actor without implementation': machineWith({ invoke: { id: 'x', src: 'missing' } }),
};

describe('what the engine does not run, it refuses by name', () => {
  test.each(Object.entries(REFUSED))('%s', (_, machine) => {
    const refusal = compileMachine(machine);
    expect(refusal).toBeInstanceOf(Unsupported);
    expect((refusal as Unsupported).feature).toMatch(/^(a |an |the |entry|onDone|onSnapshot|actions|maxIterations)/);
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
    const book = new BackendLog();
    const actors = sessionInitActors({
      authenticator: scriptedAuthenticator(() => YES, clock, book),
      authorizer: scriptedAuthorizer(() => YES, clock, book),
      sessionManager: scriptedSessionManager(() => YES, clock, book),
      clock,
    });
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
