import fc from 'fast-check';
import { type AnyStateMachine, assign, createMachine, emit, fromPromise } from 'xstate';

/*
 * Machines at random, of the subset that the engine runs: a description in plain data, from which as many machine objects
 * can be built as there are engines to compare, each writing to a log of its own.
 */

export interface TransitionSpec {
  target: string | undefined;
  reenter: boolean;
  guard: string | undefined;
  actions: readonly string[];
}

export interface InvokeSpec {
  /** How the promise's creator behaves. */
  kind: 'controlled' | 'resolves' | 'rejects' | 'throws' | 'ignores its signal';
  hasInput: boolean;
  onDone: readonly TransitionSpec[];
  onError: readonly TransitionSpec[];
}

export interface StateSpec {
  isFinal: boolean;
  entry: readonly string[];
  exit: readonly string[];
  on: Readonly<Record<string, readonly TransitionSpec[]>>;
  after: Readonly<Record<string, readonly TransitionSpec[]>>;
  invoke: readonly InvokeSpec[];
  always: readonly TransitionSpec[];
}

export interface MachineSpec {
  states: readonly StateSpec[];
  on: Readonly<Record<string, readonly TransitionSpec[]>>;
  after: Readonly<Record<string, readonly TransitionSpec[]>>;
  hasOutput: boolean;
}

const STATES = ['s0', 's1', 's2', 's3', 's4', 's5'];
const EVENTS = ['e.one', 'e.two', 'e.three'];
const ACTIONS = ['log', 'logParams', 'count', 'note', 'replace', 'announce', 'send', 'unknown', 'inline'];
/** One in thirty throws: often enough to be met, seldom enough not to end every run. */
const RARE_ACTIONS = ['fail', 'failAssign'];
const GUARDS = ['isEven', 'isAbove', 'wasGood', 'inline'];
const DELAYS = ['10', '25', 'soon', 'later'];

const actions = fc.array(
  fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(...ACTIONS) },
    { weight: 1, arbitrary: fc.constantFrom(...RARE_ACTIONS) },
  ),
  { maxLength: 3 },
);
const guard = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...GUARDS) },
  { weight: 40, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom('fails', 'missingReason') },
);
const target = fc.option(fc.constantFrom(...STATES), { nil: undefined, freq: 4 });

const transition = fc.record({ target, reenter: fc.boolean(), guard, actions });
const transitions = fc.array(transition, { minLength: 1, maxLength: 3 });
const on = fc.dictionary(fc.constantFrom(...EVENTS), transitions, { maxKeys: 3, noNullPrototype: true });
const after = fc.dictionary(fc.constantFrom(...DELAYS), transitions, { maxKeys: 2, noNullPrototype: true });

const invoke: fc.Arbitrary<InvokeSpec> = fc.record({
  kind: fc.constantFrom(
    'controlled',
    'controlled',
    'controlled',
    'resolves',
    'rejects',
    'throws',
    'ignores its signal',
  ),
  hasInput: fc.boolean(),
  onDone: fc.oneof(transitions, transitions, fc.constant([])),
  onError: fc.oneof(transitions, transitions, transitions, fc.constant([])),
});

const state: fc.Arbitrary<Omit<StateSpec, 'isFinal' | 'always'>> = fc.record({
  entry: actions,
  exit: actions,
  on,
  after,
  invoke: fc.array(invoke, { maxLength: 2 }),
});

export const machineSpec: fc.Arbitrary<MachineSpec> = fc
  .record({
    states: fc.array(state, { minLength: STATES.length, maxLength: STATES.length }),
    // Always leads forward only, so that it comes to an end.
    always: fc.array(fc.array(fc.record({ guard, actions }), { maxLength: 2 }), { minLength: 3, maxLength: 3 }),
    finals: fc.constantFrom<number[]>([5], [4, 5]),
    on: fc.dictionary(fc.constantFrom(...EVENTS, 'e.root'), transitions, { maxKeys: 2, noNullPrototype: true }),
    after: fc.dictionary(fc.constantFrom('40', 'later'), transitions, { maxKeys: 1, noNullPrototype: true }),
    hasOutput: fc.boolean(),
  })
  .map(({ states, always, finals, ...root }) => ({
    ...root,
    states: states.map((it, index) => ({
      ...it,
      isFinal: finals.includes(index),
      always: (always[index] ?? []).map((forward, which) => ({
        ...forward,
        target: STATES[index + 1 + (which % 2)],
        reenter: false,
      })),
    })),
  }));

/** What a machine's parts tell and are told by. */
export interface World {
  log(entry: string): void;
  /** A promise that the script settles. */
  control(resolve: (value: unknown) => void, reject: (error: unknown) => void): void;
  /** Sends an event to the machine, from outside. */
  send(event: { type: string }): void;
}

interface Context {
  count: number;
  last: string;
}

type Args = { context: Context; event: { type: string; output?: unknown; error?: unknown } };

/** What an event carries, as far as engines may not differ in it. */
function describe(event: Args['event']): string {
  const carried = 'output' in event ? event.output : 'error' in event ? String(event.error) : '';
  return `${event.type}(${JSON.stringify(carried)})`;
}

export function buildMachine(spec: MachineSpec, { log, control, send }: World): AnyStateMachine {
  const say =
    (what: string) =>
    ({ context, event }: Args) =>
      log(`${what} on ${describe(event)} at ${context.count}/${context.last}`);

  const actionOf = (name: string) => {
    if (name === 'inline') return say('inline action');
    if (name === 'logParams') return { type: name, params: ({ context }: Args) => ({ at: context.count }) };
    if (name === 'count') return { type: name, params: { by: 1 } };
    return name;
  };
  const guardOf = (name: string | undefined) => {
    if (name === 'inline') return ({ context }: Args) => context.count % 3 !== 1;
    if (name === 'isAbove') return { type: name, params: ({ event }: Args) => event.type.length % 4 };
    return name;
  };
  const transitionsOf = (all: readonly TransitionSpec[], prefix: string) =>
    all.map(({ target: to, reenter, guard: when, actions: what }) => ({
      ...(to !== undefined && { target: prefix + to }),
      // The engine refuses to re-enter the root.
      ...(reenter && prefix === '' && { reenter }),
      ...(when !== undefined && { guard: guardOf(when) }),
      actions: what.map(actionOf),
    }));
  const byKey = (all: Readonly<Record<string, readonly TransitionSpec[]>>, prefix: string) =>
    Object.fromEntries(Object.entries(all).map(([key, list]) => [key, transitionsOf(list, prefix)]));

  const creators: Record<
    InvokeSpec['kind'],
    (name: string) => (call: { input: unknown; signal: AbortSignal }) => Promise<unknown>
  > = {
    controlled: (name) => (call) => {
      log(`start ${name} with ${JSON.stringify(call.input)}`);
      call.signal.addEventListener('abort', () => log(`abort ${name}`));
      return new Promise((resolve, reject) => control(resolve, reject));
    },
    resolves: (name) => async () => {
      log(`start ${name}`);
      return 'at once';
    },
    rejects: (name) => async () => {
      log(`start ${name}`);
      throw new Error('at once');
    },
    throws: (name) => () => {
      log(`start ${name}`);
      throw new Error('synchronously');
    },
    'ignores its signal': (name) => (call) => {
      log(`start ${name}`);
      return new Promise((resolve, reject) =>
        control((value) => {
          log(`${name} sees its signal ${call.signal.aborted ? '' : 'not '}aborted`);
          resolve(value);
        }, reject),
      );
    },
  };

  let started = 0;
  const actors: Record<string, ReturnType<typeof fromPromise>> = {};
  const states = Object.fromEntries(
    spec.states.map((it, index) => {
      const name = STATES[index] as string;
      const common = { entry: it.entry.map(actionOf), exit: it.exit.map(actionOf) };
      if (it.isFinal) return [name, { type: 'final', ...common }];
      const invokes = it.invoke.map(({ kind, hasInput, onDone, onError }, which) => {
        const id = `${name}.${which}`;
        const creator = creators[kind](id);
        // States that leave by a promise as soon as they are entered could go in a circle for ever.
        actors[id] = fromPromise(((call: { input: unknown; signal: AbortSignal }) =>
          started++ < 15 ? creator(call) : new Promise(() => {})) as never);
        return {
          id,
          src: id,
          ...(hasInput && { input: ({ context, event }: Args) => ({ count: context.count, type: event.type }) }),
          ...(onDone.length > 0 && { onDone: transitionsOf(onDone, '') }),
          ...(onError.length > 0 && { onError: transitionsOf(onError, '') }),
        };
      });
      return [
        name,
        {
          ...common,
          invoke: invokes,
          on: byKey(it.on, ''),
          after: byKey(it.after, ''),
          always: transitionsOf(it.always, ''),
        },
      ];
    }),
  );

  const config = {
    id: 'random',
    initial: 's0',
    context: ({ input }: { input: { count: number } }) => ({ count: input.count, last: '' }),
    on: byKey(spec.on, '.'),
    after: byKey(spec.after, '.'),
    states,
    ...(spec.hasOutput && { output: ({ context, event }: Args) => `${event.type} ${context.count}` }),
  };
  let sent = 0;
  return createMachine(
    config as never,
    {
      actors,
      actions: {
        log: say('action'),
        logParams: ((args: Args, params: unknown) => say(`action ${JSON.stringify(params)}`)(args)) as never,
        count: assign({ count: ({ context }: Args, { by }: { by: number }) => context.count + by } as never),
        note: assign({ last: ({ event }: Args) => event.type } as never),
        replace: assign((({ context }: Args) => ({ count: context.count * 2 })) as never),
        announce: emit((({ context }: Args) => ({ type: 'announced', count: context.count })) as never),
        // Few, so that machines which send to themselves come to rest.
        send: () => {
          if (sent++ < 3) send({ type: EVENTS[sent % EVENTS.length] as string });
        },
        inline: say('never called'),
        fail: () => {
          throw new Error('action');
        },
        failAssign: assign((() => {
          throw new Error('assign');
        }) as never),
      },
      guards: {
        isEven: (({ context }: Args) => context.count % 2 === 0) as never,
        isAbove: (({ context }: Args, limit: number) => context.count > limit) as never,
        wasGood: (({ event }: Args) => event.output !== 'bad') as never,
        fails: () => {
          throw new Error('guard');
        },
        missingReason: () => {
          throw new TypeError('');
        },
      },
      delays: { soon: 15, later: (({ context }: Args) => 20 + context.count) as never },
    } as never,
  ) as AnyStateMachine;
}
