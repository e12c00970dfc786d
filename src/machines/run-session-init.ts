import { createActor, type InspectionEvent } from 'xstate';
import type { Clock } from '../model/clock.js';
import type { SessionInitResponse } from '../model/session-init-response.js';
import type { CancelRequest, SessionInitContext, SessionInitInput, SessionInitMachine } from './session-init.js';
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
  /** Resolves when the init has ended. It never rejects: whatever the machine throws ends in `failedUnexpectedly`. */
  readonly finished: Promise<SessionInitResult>;
  /** Ends it, unless it has ended. */
  cancel(code: NonNullable<CancelRequest['code']>): void;
}

/** Options of {@link runSessionInit}. */
export interface RunOptions {
  clock: Clock;
  /** Gets XState's inspection events. It must not throw. */
  inspect?: ((event: InspectionEvent) => void) | undefined;
}

/** Starts one init, in an actor of its own: one root for each, since the children of a long-lived one are quadratic. */
export function runSessionInit(
  machine: SessionInitMachine,
  input: SessionInitInput,
  { clock, inspect }: RunOptions,
): RunningInit {
  const actor = createActor(machine, { input, clock, logger: () => {}, ...(inspect && { inspect }) });
  const start = clock.monotonic();
  const steps: Step[] = [];
  const enter = (state: string) => {
    if (steps.at(-1)?.state !== state) steps.push({ state, at: clock.monotonic() - start });
  };
  const finished = new Promise<SessionInitResult>((resolve) => {
    // The observers are there before the start: a machine that throws with no error observer ends the process.
    actor.subscribe({
      next: ({ value }) => enter(value as string),
      complete: () => {
        const { value, context } = actor.getSnapshot();
        resolve({ response: context.response as SessionInitResponse, state: value as TerminalState, steps, context });
      },
      error: (defect) => {
        const context = contextOf(actor.getSnapshot());
        context?.escrow.release();
        enter('failedUnexpectedly');
        resolve({ response: unexpected(input, context, clock), state: 'failedUnexpectedly', steps, context, defect });
      },
    });
  });
  actor.start();
  return { finished, cancel: (code) => actor.send({ type: 'request.cancel', code }) };
}

/** The context of a machine that threw; there is none if it threw while making it. */
function contextOf(snapshot: { context?: Partial<SessionInitContext> }): SessionInitContext | undefined {
  return snapshot.context?.escrow && (snapshot.context as SessionInitContext);
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
