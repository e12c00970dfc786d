import fc from 'fast-check';
import { type AnyStateMachine, createActor } from 'xstate';
import type * as compileModule from '../../../src/machines/engine/compile.js';
import type * as executionModule from '../../../src/machines/engine/execution.js';
import { simulatedClock } from '../../../src/testing/simulated-clock.js';
import type { World } from './random-machine.js';

/** What happens to a machine from outside, in order. */
export type Step =
  | { do: 'send'; type: string }
  /** Settles the `which`th promise that was ever started, finished or abandoned ones included. */
  | { do: 'resolve'; which: number; value: unknown }
  | { do: 'reject'; which: number; value: unknown }
  /** Moves time without letting a microtask pass. */
  | { do: 'increment'; milliseconds: number }
  | { do: 'turns'; count: number };

export function stepOf(events: readonly string[]): fc.Arbitrary<Step> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('send'), type: fc.constantFrom(...events) }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('resolve'), which: fc.nat(6), value: fc.constantFrom('good', 'bad') }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('reject'), which: fc.nat(6), value: fc.constantFrom('bad', undefined) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('increment'), milliseconds: fc.constantFrom(1, 5, 10, 15, 25, 40) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('turns'), count: fc.integer({ min: 1, max: 4 }) }) },
  ) as fc.Arbitrary<Step>;
}

/** The engine under test: the real one, or a mutant of it. */
export interface Engine {
  compileMachine: typeof compileModule.compileMachine;
  Unsupported: typeof compileModule.Unsupported;
  Execution: typeof executionModule.Execution;
}

/** How a run is driven: everything that one engine must do as the other does. */
interface Driven {
  send(event: { type: string }): void;
  /** Context, output and status, as text. */
  result(): string;
}

type Clock = ReturnType<typeof simulatedClock>;
type Send = (event: { type: string }) => void;
type Start = (
  machine: AnyStateMachine,
  input: unknown,
  clock: Clock,
  log: (entry: string) => void,
  /** Lets the machine's own actions send to it. */
  connect: (send: Send) => void,
) => Driven;

const text = (value: unknown) => JSON.stringify(value, (_, it) => (it instanceof Error ? `${it}` : it));

export const startActor: Start = (machine, input, clock, log, connect) => {
  const actor = createActor(machine, { clock, input: input as never, logger: () => {} });
  actor.on('*', (event) => log(`emit ${text(event)}`));
  actor.subscribe({
    next: ({ value, context }) => log(`next ${value} ${text(context)}`),
    complete: () => log('complete'),
    error: (error) => log(`error ${error}`),
  });
  connect((event) => actor.send(event));
  actor.start();
  return {
    // XState warns in its development build of events to a finished actor; nobody sends any then.
    send: (event) => actor.getSnapshot().status === 'active' && actor.send(event),
    result: () => text([actor.getSnapshot().context, actor.getSnapshot().output]),
  };
};

export const startCompiled =
  ({ compileMachine, Unsupported, Execution }: Engine): Start =>
  (machine, input, clock, log, connect) => {
    const tables = compileMachine(machine);
    if (tables instanceof Unsupported) throw new Error(`The engine does not run ${tables.feature}.`);
    const execution = new Execution(tables, clock, {
      next: (state) => log(`next ${state} ${text(execution.context)}`),
      emit: (event) => log(`emit ${text(event)}`),
      complete: () => log('complete'),
      error: (error) => log(`error ${error}`),
      lacks: (feature) => log(`lacks ${feature}`),
    });
    connect((event) => execution.send(event as never));
    execution.start(input);
    return {
      send: (event) => execution.send(event as never),
      result: () => text([execution.context, execution.output]),
    };
  };

/** Runs a script, and returns everything that could be seen of it. */
export async function trace(
  build: (world: World) => AnyStateMachine,
  start: Start,
  input: unknown,
  steps: readonly Step[],
): Promise<string[]> {
  const entries: string[] = [];
  const log = (entry: string) => entries.push(entry);
  const promises: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
  const clock = simulatedClock();
  let send: Send = () => {};
  const control: World['control'] = (resolve, reject) => promises.push({ resolve, reject });
  const machine = build({ log, control, send: (event) => send(event) });
  const driven = start(machine, input, clock, log, (given) => {
    send = given;
  });
  for (const [index, step] of steps.entries()) {
    log(`step ${index}: ${step.do}`);
    if (step.do === 'send') driven.send({ type: step.type });
    else if (step.do === 'resolve') promises[step.which]?.resolve(step.value);
    else if (step.do === 'reject') promises[step.which]?.reject(step.value);
    else if (step.do === 'increment') clock.increment(step.milliseconds);
    else for (let turn = 0; turn < step.count; turn++) await undefined;
  }
  for (let turn = 0; turn < 20; turn++) await undefined;
  log(`result ${driven.result()}`);
  log(`timers ${clock.pending}`);
  return entries;
}
