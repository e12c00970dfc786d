import { createActor, type InspectionEvent } from 'xstate';
import type { Clock } from '../model/clock.js';
import { ConfigurationError, DefectError } from '../model/errors.js';
import type { SessionInitResponse } from '../model/session-init-response.js';
import { compileMachine, Unsupported } from './engine/compile.js';
import { Execution } from './engine/execution.js';
import type { Tables } from './engine/tables.js';
import type { CancelRequest, SessionInitContext, SessionInitInput, SessionInitMachine } from './session-init.js';
import type { sessionInitActors } from './session-init-actors.js';
import { respond, type TerminalState } from './terminal-states.js';

/** A state of the machine that an init came through, in milliseconds from its start. */
export interface Step {
  state: string;
  at: number;
}

/** An init that has ended. */
export interface SessionInitResult {
  response: SessionInitResponse;
  state: TerminalState;
  /** The states that it came through, the terminal one last. */
  steps: readonly Step[];
  /** What it knew in the end; undefined only if its machine could not even begin. */
  context: Readonly<SessionInitContext> | undefined;
  /** What the machine itself threw, if it did. */
  defect?: unknown;
}

/** An init that is under way. */
export interface RunningInit {
  /** The states that it has come through so far. */
  readonly steps: readonly Step[];
  /** Resolves when the init has ended. It never rejects: whatever the machine throws ends in `failedUnexpectedly`. */
  readonly finished: Promise<SessionInitResult>;
  /** Ends it, unless it has ended. */
  cancel(code: NonNullable<CancelRequest['code']>): void;
}

/**
 * What runs an init: `compiled`, the tables that the engine makes of the machine object; or `actor`, XState's own actor,
 * which is slower and can be inspected. They do the same: a differential test holds them equal.
 */
export type SessionInitEngine = 'compiled' | 'actor';

/** Options of {@link sessionInitRunner}. */
export interface RunnerOptions {
  clock: Clock;
  /** Fill in the machine's actors. @defaultValue those that it was provided with */
  actors?: SessionInitActors | undefined;
  /** @defaultValue `'compiled'`, unless somebody inspects */
  engine?: SessionInitEngine | undefined;
  /** Gets XState's inspection events. It must not throw. */
  inspect?: ((event: InspectionEvent) => void) | undefined;
  /** Told, once, which feature of an extended machine the engine does not know; XState's actor runs it then. */
  onFallback?: (feature: string) => void;
}

/** Runs inits of one machine. */
export interface SessionInitRunner {
  readonly engine: SessionInitEngine;
  /** @param inspect - gets XState's inspection events of this init, which XState's actor then runs. It must not throw. */
  start(input: SessionInitInput, inspect?: Inspect): RunningInit;
}

type SessionInitActors = ReturnType<typeof sessionInitActors>;
type Inspect = (event: InspectionEvent) => void;

/** Prepares to run inits: compiles the machine, once, or finds that XState's actor must run it. */
export function sessionInitRunner(machine: SessionInitMachine, options: RunnerOptions): SessionInitRunner {
  const { clock, actors, inspect, engine = inspect === undefined ? 'compiled' : 'actor', onFallback } = options;
  if (engine !== 'compiled' && engine !== 'actor')
    throw new ConfigurationError("engine must be 'compiled' or 'actor'.");
  if (engine === 'compiled' && inspect !== undefined) {
    throw new ConfigurationError("The compiled engine cannot be inspected: leave out engine, or set it to 'actor'.");
  }
  const tables = engine === 'compiled' ? compileMachine(machine, actors) : undefined;
  // Only an actor needs it, and it costs more than all else here together.
  let provided: SessionInitMachine | undefined;
  const provide = () => {
    provided ??= actors === undefined ? machine : machine.provide({ actors });
    return provided;
  };
  let compiled = tables instanceof Unsupported ? undefined : tables;
  const fallBack = (feature: string) => {
    compiled = undefined;
    runner.engine = 'actor';
    onFallback?.(feature);
  };
  const runner: { engine: SessionInitEngine; start: SessionInitRunner['start'] } = {
    engine,
    start: (input, inspectThis) =>
      run(input, clock, (observer) =>
        compiled === undefined || inspectThis !== undefined
          ? startActor(provide(), input, clock, observer, both(inspect, inspectThis))
          : startCompiled(compiled, input, clock, observer, fallBack),
      ),
  };
  if (tables instanceof Unsupported) fallBack(tables.feature);
  return runner;
}

function startCompiled(
  tables: Tables,
  input: SessionInitInput,
  clock: Clock,
  observer: InitObserver,
  fallBack: (feature: string) => void,
) {
  const execution = new Execution(tables, clock, {
    next: observer.next,
    emit: () => {},
    complete: () => observer.complete(execution.context as SessionInitContext),
    error: (error) => observer.error(error, execution.context),
    lacks: fallBack,
  });
  execution.start(input);
  return (event: CancelRequest) => execution.send({ ...event });
}

/** One root for each init, since the children of a long-lived actor are quadratic. */
function startActor(
  machine: SessionInitMachine,
  input: SessionInitInput,
  clock: Clock,
  observer: InitObserver,
  inspect: Inspect | undefined,
) {
  const actor = createActor(machine, {
    input,
    clock,
    logger: () => {},
    ...(inspect && { inspect }),
  });
  // The observers are there before the start: a machine that throws with no error observer ends the process.
  actor.subscribe({
    next: ({ value }) => observer.next(value as string),
    complete: () => observer.complete(actor.getSnapshot().context),
    error: (error) => observer.error(error, actor.getSnapshot().context ?? {}),
  });
  actor.start();
  return (event: CancelRequest) => actor.send(event);
}

function both(one: Inspect | undefined, other: Inspect | undefined): Inspect | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (event) => {
    one(event);
    other(event);
  };
}

/** What both engines tell of an init. */
interface InitObserver {
  next(state: string): void;
  complete(context: SessionInitContext): void;
  error(error: unknown, context: Partial<SessionInitContext>): void;
}

function run(
  input: SessionInitInput,
  clock: Clock,
  start: (observer: InitObserver) => (event: CancelRequest) => void,
): RunningInit {
  const startedAt = clock.monotonic();
  const steps: Step[] = [];
  let send: ((event: CancelRequest) => void) | undefined;
  const next = (state: string) => {
    if (steps.at(-1)?.state !== state) steps.push({ state, at: clock.monotonic() - startedAt });
  };
  const finished = new Promise<SessionInitResult>((resolve) => {
    const fail = (defect: unknown, { escrow, ...known }: Partial<SessionInitContext>) => {
      // A machine that threw while making its context has none.
      const context = escrow && ({ escrow, ...known } as SessionInitContext);
      // Whatever the machine did before, nobody is told of a session.
      escrow?.revoke();
      next('failedUnexpectedly');
      const response = unexpected(input, context, clock);
      resolve({ response, state: 'failedUnexpectedly', steps, context, defect });
    };
    send = start({
      next,
      complete: (context) => {
        const { response } = context;
        if (response === undefined) fail(new DefectError('The machine ended without a response.'), context);
        else resolve({ response, state: steps.at(-1)?.state as TerminalState, steps, context });
      },
      error: fail,
    });
  });
  return { finished, steps, cancel: (code) => send?.({ type: 'request.cancel', code }) };
}

function unexpected(
  input: SessionInitInput,
  context: SessionInitContext | undefined,
  clock: Clock,
): SessionInitResponse {
  return respond('failedUnexpectedly', {
    user: context?.request.username ?? '',
    referenceId: input.referenceId,
    now: clock.now,
    session: undefined,
    failure: undefined,
  });
}
