import { BackendFaultError, DeadlineExceededError, type SessionInitError } from '../../../model/errors.js';
import type { Flaw } from './read-answer.js';
import type { RadiusServer } from './server.js';

/** A server cannot be sent a packet, and another may do better. */
export class ServerFault extends BackendFaultError {}

/** A server has not answered in its time, and another may do better. */
export class ServerSilence extends DeadlineExceededError {}

/** What a failed socket says, by the code of Node's error, in words that name the remedy. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there. Is the server running, and the port right?',
  ENOTFOUND: 'There is no host of that name. Check host.',
  EAI_AGAIN: 'The name of the host could not be looked up.',
  ENETUNREACH: 'There is no way to its network.',
  EHOSTUNREACH: 'There is no way to it.',
};

/** What was dropped while a server was silent, in words that name the remedy. */
const DROPPED: Readonly<Record<Flaw, string>> = {
  garbled: 'were no answers of a RADIUS server',
  forged: 'were not signed with its secret. Check secret, here and there',
  unprotected:
    'had no Message-Authenticator, so anybody could have written them. Update the server, or have it send one',
};

/** Why a server could not be sent a packet. What the system said about it is the cause. */
export function socketFault({ address }: RadiusServer, cause: unknown): ServerFault {
  const { code } = cause as { code?: unknown };
  const reason = (typeof code === 'string' ? REASONS[code] : undefined) ?? 'The socket failed.';
  return new ServerFault(`${address} cannot be asked. ${reason}`, { cause });
}

/** @param dropped - how many packets that were no answer came meanwhile, by why they were none */
export function serverSilence(
  { address }: RadiusServer,
  milliseconds: number,
  dropped: ReadonlyMap<Flaw, number>,
): ServerSilence {
  const remedies = [...dropped].map(([flaw, packets]) => `Of the packets that came, ${packets} ${DROPPED[flaw]}.`);
  if (remedies.length === 0) remedies.push('It is silent to a client that it does not know, and to a wrong secret.');
  return new ServerSilence(`${address} did not answer within ${milliseconds} ms. ${remedies.join(' ')}`);
}

/** None of the servers gave an answer. */
export function allFailed(name: string, faults: readonly (ServerFault | ServerSilence)[]): SessionInitError {
  const message = `${name} has no server that answers. ${faults.map((fault) => fault.message).join(' ')}`;
  const [only] = faults;
  const cause = faults.length === 1 ? only?.cause : new AggregateError(faults, 'Every server failed.');
  return faults.some((fault) => fault instanceof ServerSilence)
    ? new DeadlineExceededError(message, { cause })
    : new BackendFaultError(message, { cause });
}
