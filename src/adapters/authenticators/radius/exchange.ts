import { randomInt } from 'node:crypto';
import type { Clock } from '../../../model/clock.js';
import { ClosedError } from '../../../model/errors.js';
import { abortableOf, type HasSignal } from '../../../model/lazy-signal.js';
import type { Packet } from './packet.js';
import { type Flaw, readAnswer } from './read-answer.js';
import type { RadiusServer } from './server.js';
import { serverSilence, socketFault } from './server-fault.js';
import { type Question, signedRequest } from './signed-request.js';

/** No two tries are further apart (RFC 5080 §2.2.1, MRT). */
const LONGEST_PAUSE = 16_000;

/** How long a server is waited for. */
export interface ExchangeOptions {
  readonly clock: Clock;
  /** Milliseconds until the request is sent for the second time. */
  readonly retransmitAfter: number;
  /** Milliseconds that the server has to answer in. */
  readonly milliseconds: number;
  /** Its signal is aborted when nobody waits for the answer any more. */
  readonly caller: HasSignal;
}

/**
 * Asks a server, and asks again with the same packet for as long as it does not answer, after pauses that double and vary
 * by a tenth (RFC 5080 §2.2.1). A server tells the repeated packet from another question, and answers it as before. What
 * is not surely its answer is dropped as if it had not come.
 *
 * @throws ServerFault if the server cannot be sent a packet
 * @throws ServerSilence if it does not answer in time
 */
export function exchange(server: RadiusServer, question: Question, options: ExchangeOptions): Promise<Packet> {
  const { clock, retransmitAfter, milliseconds } = options;
  const caller = abortableOf(options.caller);
  return new Promise((resolve, reject) => {
    const flaws = new Map<Flaw, number>();
    const { socket, identifier } = server.sockets.take({ received, failed });
    const request = signedRequest(question, identifier, server.secret);
    const deadline = clock.setTimeout(() => fail(serverSilence(server, milliseconds, flaws)), milliseconds);
    let retransmission: unknown;
    caller.onAbort(abort);
    send(retransmitAfter);

    function send(pause: number): void {
      socket.send(identifier, request.bytes);
      retransmission = clock.setTimeout(() => send(Math.min(pause * 2, LONGEST_PAUSE)), varied(pause));
    }

    function received(datagram: Buffer): void {
      const answer = readAnswer(datagram, request, server.secret);
      if (typeof answer === 'string') {
        flaws.set(answer, (flaws.get(answer) ?? 0) + 1);
        return;
      }
      end();
      server.answeredAt = clock.monotonic();
      resolve(answer);
    }

    function failed(cause: unknown): void {
      fail(cause instanceof ClosedError ? cause : socketFault(server, cause));
    }

    function abort(): void {
      fail(caller.signal.reason);
    }

    function fail(cause: unknown): void {
      end();
      reject(cause);
    }

    function end(): void {
      clock.clearTimeout(deadline);
      clock.clearTimeout(retransmission);
      caller.offAbort(abort);
      socket.release(identifier);
    }
  });
}

/** By whole percents: the system's clock keeps a list of timers for each duration. */
function varied(milliseconds: number): number {
  return (milliseconds * randomInt(90, 111)) / 100;
}
