import { type Actor, createActor, type InspectionEvent } from 'xstate';
import type { Clock } from '../model/clock.js';
import { ConfigurationError, DefectError } from '../model/errors.js';
import type { SessionInitResponse } from '../model/session-init-response.js';
import { compileMachine, Unsupported } from './engine/compile.js';
import { Execution, type ExecutionObserver } from './engine/execution.js';
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
      compiled === undefined || inspectThis !== undefined
        ? new InitInActor(input, clock).start(provide(), both(inspect, inspectThis))
        : new CompiledInit(input, clock, fallBack).start(compiled),
  };
  if (tables instanceof Unsupported) fallBack(tables.feature);
  return runner;
}

/** What both engines tell of an init, and what comes of it. It is one object, since there is one for each init in flight. */
abstract class Init implements RunningInit {
  readonly steps: Step[] = [];
  readonly finished: Promise<SessionInitResult>;
  protected readonly input: SessionInitInput;
  protected readonly clock: Clock;
  readonly #startedAt: number;
  #finish!: (result: SessionInitResult) => void;

  constructor(input: SessionInitInput, clock: Clock) {
    this.input = input;
    this.clock = clock;
    this.#startedAt = clock.monotonic();
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  abstract cancel(code: NonNullable<CancelRequest['code']>): void;

  next(state: string): void {
    const { steps } = this;
    if (steps.at(-1)?.state !== state) steps.push({ state, at: this.clock.monotonic() - this.#startedAt });
  }

  protected completeWith(context: SessionInitContext): void {
    const { response } = context;
    const { steps } = this;
    if (response === undefined) this.failWith(new DefectError('The machine ended without a response.'), context);
    else this.#finish({ response, state: steps.at(-1)?.state as TerminalState, steps, context });
  }

  protected failWith(defect: unknown, { escrow, ...known }: Partial<SessionInitContext>): void {
    // A machine that threw while making its context has none.
    const context = escrow && ({ escrow, ...known } as SessionInitContext);
    // Whatever the machine did before, nobody is told of a session.
    escrow?.revoke();
    this.next('failedUnexpectedly');
    const response = unexpected(this.input, context, this.clock);
    this.#finish({ response, state: 'failedUnexpectedly', steps: this.steps, context, defect });
  }
}

class CompiledInit extends Init implements ExecutionObserver {
  readonly lacks: (feature: string) => void;
  #execution: Execution | undefined;

  constructor(input: SessionInitInput, clock: Clock, lacks: (feature: string) => void) {
    super(input, clock);
    this.lacks = lacks;
  }

  start(tables: Tables): this {
    this.#execution = new Execution(tables, this.clock, this);
    this.#execution.start(this.input);
    return this;
  }

  cancel(code: NonNullable<CancelRequest['code']>): void {
    this.#execution?.send({ type: 'request.cancel', code });
  }

  emit(): void {}

  complete(): void {
    this.completeWith(this.#execution?.context as SessionInitContext);
  }

  error(error: unknown): void {
    this.failWith(error, this.#execution?.context ?? {});
  }
}

/** One root for each init, since the children of a long-lived actor are quadratic. */
class InitInActor extends Init {
  #actor: Actor<SessionInitMachine> | undefined;

  start(machine: SessionInitMachine, inspect: Inspect | undefined): this {
    const { input, clock } = this;
    const actor = createActor(machine, { input, clock, logger: () => {}, ...(inspect && { inspect }) });
    this.#actor = actor;
    // The observers are there before the start: a machine that throws with no error observer ends the process.
    actor.subscribe({
      next: ({ value }) => this.next(value as string),
      complete: () => this.completeWith(actor.getSnapshot().context),
      error: (error) => this.failWith(error, actor.getSnapshot().context ?? {}),
    });
    actor.start();
    return this;
  }

  cancel(code: NonNullable<CancelRequest['code']>): void {
    this.#actor?.send({ type: 'request.cancel', code });
  }
}

function both(one: Inspect | undefined, other: Inspect | undefined): Inspect | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return (event) => {
    one(event);
    other(event);
  };
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
