import { createActor } from 'xstate';
import {
  type Backends,
  type Deadlines,
  encodeSessionInitResponse,
  type InitRecording,
  MalformedSessionInitMessage,
  type SessionInitMachine,
  SessionInitMessage,
  type SessionInitResponse,
  sessionInitActors,
  sessionInitMachine,
} from '../index.js';
import { type Difference, firstDifference } from './replay/first-difference.js';
import { readRecording } from './replay/read-recording.js';
import { RecordedBackends, timesOf } from './replay/recorded-backends.js';
import { simulatedClock } from './simulated-clock.js';

/** What takes the place of what was recorded, to see whether it makes a difference. */
export interface ReplayOptions extends Partial<Pick<Backends, 'authorizer' | 'sessionManager'>> {
  deadlines?: Partial<Deadlines>;
  /** The machine, if `provide()` has changed it. @defaultValue `sessionInitMachine` */
  machine?: SessionInitMachine;
}

/** An init that was run again. */
export interface Replay {
  /** Undefined only if the machine itself threw. Its session's secret is a placeholder. */
  response: SessionInitResponse | undefined;
  /** The states that it came through. */
  steps: InitRecording['steps'];
  /** What the machine itself threw, if it did. */
  defect?: unknown;
  /** Where it first differs from what was recorded; undefined if it does not. */
  difference: Difference | undefined;
}

/**
 * Runs a recorded init again, on the machine that runs in production and under simulated time: each backend answers
 * what it did when it did, or is replaced by another one that works in memory. It comes to the identical response, or
 * says where it first differs.
 *
 * @param recording - an `InitRecording`, the JSON text of one, or what the inspector's page has saved of a sampled init
 * @throws ConfigurationError if it is no recording, or one of another version of the machine: it says what was expected
 */
export async function replay(recording: unknown, options: ReplayOptions = {}): Promise<Replay> {
  const { machine = sessionInitMachine } = options;
  const recorded = readRecording(recording, machine);
  const clock = simulatedClock({ startAt: recorded.startedAt });
  const deadlines = { ...recorded.deadlines, ...options.deadlines };
  const backends = new RecordedBackends();
  const times = timesOf(recorded);

  // The answers' timers are set before the machine's own, so that an answer which came in time wins over its deadline.
  for (const [index, input] of recorded.inputs.entries()) {
    const come = () =>
      'cancel' in input ? actor.send({ type: 'request.cancel', code: input.cancel }) : backends.answer(input);
    clock.setTimeout(come, times[index] as number);
  }
  const { authorizer, sessionManager } = { ...backends.backends(), ...given(options) };
  const actors = sessionInitActors({
    ...backends.backends(),
    authorizer,
    sessionManager,
    clock,
    admit: () => backends.admit(),
    canBeStopped: false,
  });
  const { username, problem, ipAddress } = recorded.request;
  const actor = createActor(machine.provide({ actors }), {
    clock,
    logger: () => {},
    input: {
      message:
        problem === undefined
          ? new SessionInitMessage(username, 'not recorded')
          : new MalformedSessionInitMessage(username, problem),
      ipAddress,
      referenceId: recorded.referenceId,
      deadlines,
      // The wall clock may have jumped; what the response says of the time is what was recorded.
      now: () => recorded.answeredAt,
    },
  });
  const steps: { state: string; at: number }[] = [];
  const enter = (state: string) => {
    if (steps.at(-1)?.state !== state) steps.push({ state, at: clock.monotonic() });
  };
  let defect: unknown;
  actor.subscribe({
    next: ({ value }) => enter(value as string),
    error: (error) => {
      defect = error;
      enter('failedUnexpectedly');
    },
  });
  actor.start();
  await clock.advance(deadlines.request);

  const { output: response } = actor.getSnapshot();
  const replayed = response === undefined ? recorded.response : encoded(response);
  const difference = firstDifference(recorded, { steps, response: replayed });
  return { response, steps, ...(defect !== undefined && { defect }), difference };
}

function given(options: ReplayOptions): Partial<Backends> {
  const { authorizer, sessionManager } = options;
  return { ...(authorizer && { authorizer }), ...(sessionManager && { sessionManager }) };
}

function encoded(response: SessionInitResponse): InitRecording['response'] {
  const json = JSON.parse(encodeSessionInitResponse(response));
  delete json.data.session_secret;
  return json;
}
