import { createActor, type InspectionEvent } from 'xstate';
import type { Clock } from '../model/clock.js';
import {
  decodeSessionInitMessage,
  MalformedSessionInitMessage,
  type SessionInitMessage,
} from '../model/session-init-message.js';
import type { SessionInitResponse } from '../model/session-init-response.js';
import { type ClientContext, type ClientInput, type ClientMachine, clientMachine } from './client.js';
import { clientActors } from './client-actors.js';
import { respond } from './terminal-states.js';

/** The requestor's side of an init that has ended. */
export interface ClientInitResult {
  response: SessionInitResponse;
  /** Why the client itself had to answer, if it was for something that threw. */
  cause: unknown;
}

/** The requestor's side of an init that is under way. */
export interface RunningClientInit {
  /** Resolves when it has ended. It never rejects. */
  readonly finished: Promise<ClientInitResult>;
  /** Ends it, unless it has ended. */
  cancel(): void;
}

/** Options of {@link runClientInit}. */
export interface RunClientInitOptions {
  clock: Clock;
  /** Gets XState's inspection events. It must not throw. */
  inspect?: ((event: InspectionEvent) => void) | undefined;
}

const machine: ClientMachine = clientMachine.provide({ actors: clientActors });

/** Asks for one session, in an actor of its own. */
export function runClientInit(input: ClientInput, { clock, inspect }: RunClientInitOptions): RunningClientInit {
  const actor = createActor(machine, {
    input: { ...input, message: readMessage(input.message) },
    clock,
    logger: () => {},
    ...(inspect && { inspect }),
  });
  const finished = new Promise<ClientInitResult>((resolve) => {
    // The observers are there before the start: a machine that throws with no error observer ends the process.
    actor.subscribe({
      complete: () => {
        const { response, failure } = actor.getSnapshot().context;
        resolve({ response: response as SessionInitResponse, cause: failure?.cause });
      },
      error: (cause) => {
        const { context } = actor.getSnapshot();
        context.escrow.release();
        resolve({ response: unexpected(context, clock), cause });
      },
    });
  });
  actor.start();
  return { finished, cancel: () => actor.send({ type: 'request.cancel' }) };
}

/** Inspection shows the input as it is: so a secret is wrapped before. What throws while it is read is no message. */
function readMessage(message: unknown): SessionInitMessage | MalformedSessionInitMessage {
  try {
    return decodeSessionInitMessage(message);
  } catch {
    return new MalformedSessionInitMessage('', 'The request could not be read.');
  }
}

function unexpected({ request, referenceId }: ClientContext, { now }: Clock): SessionInitResponse {
  const origin = { user: request.username, referenceId, now };
  return respond('failedUnexpectedly', { ...origin, session: undefined, failure: undefined });
}
