import { ClosedError, OverloadedError } from '../../model/errors.js';
import { abortableOf } from '../../model/lazy-signal.js';
import type { AuthenticationOutcome, Authenticator, CallOptions, Credentials, DenialCause } from '../ports.js';
import { checkOptions } from './radius/check-options.js';
import { exchange } from './radius/exchange.js';
import { hidePassword, MAX_PASSWORD_BYTES } from './radius/hide-password.js';
import type { RadiusAuthenticatorOptions } from './radius/options.js';
import { ATTRIBUTE, CODE, MAX_VALUE_BYTES, type Packet } from './radius/packet.js';
import type { RadiusServer } from './radius/server.js';
import { allFailed, ServerFault, ServerSilence } from './radius/server-fault.js';
import type { Question } from './radius/signed-request.js';

export type { RadiusAuthenticatorOptions } from './radius/options.js';
export type { RadiusServerOptions } from './radius/server.js';

/** An authenticator whose users a RADIUS server knows. */
export interface RadiusAuthenticator extends Authenticator {
  /** Asks for the status of a server, with Status-Server (RFC 5997). The first that answers will do. */
  probe(options: CallOptions): Promise<void>;
  /** Closes every socket. */
  close(): Promise<void>;
}

/**
 * Authenticates against RADIUS servers, by PAP over UDP (RFC 2865). Every request has a Message-Authenticator, and an answer
 * without one is none (CVE-2024-3596). What comes from elsewhere, is not signed with the server's secret, or comes late or
 * twice is dropped as if it had not come.
 *
 * An Access-Reject is a denial, as `wrongSecret`: a server does not say whether it knows the user. So is an Access-Challenge,
 * as `challenged`: nobody is there to be asked for more. A user name of more than 253 bytes, a secret of more than 128, and
 * either with a NUL in it are denied before they are sent: a server would see another. Silence is a fault.
 *
 * @throws ConfigurationError with every problem of the options
 *
 * @example
 * ```ts
 * import { radiusAuthenticator } from 'session-init/adapters/radius';
 *
 * const secret = process.env['RADIUS_SECRET'] ?? '';
 * const authenticator = radiusAuthenticator({
 *   servers: [
 *     { host: 'radius1.example.com', secret },
 *     { host: 'radius2.example.com', secret },
 *   ],
 *   groups: 'Class',
 * });
 * ```
 */
export function radiusAuthenticator(options: RadiusAuthenticatorOptions): RadiusAuthenticator {
  const settings = checkOptions(options);
  const { name, servers, order, clock, timeout, serverTimeout, retransmitAfter, maxInFlight } = settings;
  let isClosed = false;
  let inFlight = 0;

  async function ask(question: Question, caller: CallOptions): Promise<Packet> {
    if (isClosed) throw new ClosedError(name);
    if (inFlight >= maxInFlight) {
      throw new OverloadedError(`${name} has ${inFlight} authentications under way already. Try again later.`);
    }
    inFlight++;
    try {
      return await askServers(question, caller);
    } finally {
      inFlight--;
    }
  }

  /** The last server that is left has all the time that is left. */
  async function askServers(question: Question, caller: CallOptions): Promise<Packet> {
    const end = clock.monotonic() + timeout;
    const faults: (ServerFault | ServerSilence)[] = [];
    for (const server of order.candidates()) {
      const began = clock.monotonic();
      const left = end - began;
      if (left <= 0) break;
      abortableOf(caller).throwIfAborted();
      const milliseconds = faults.length === servers.length - 1 ? left : Math.min(left, serverTimeout);
      try {
        const answer = await exchange(server, question, { clock, retransmitAfter, milliseconds, caller });
        order.answered(server);
        return answer;
      } catch (fault) {
        if (!(fault instanceof ServerFault || fault instanceof ServerSilence)) throw fault;
        faults.push(fault);
        // It may be silent about one user only, whose home is another server that it asks in vain.
        if (server.answeredAt < began) fail(server, began);
      }
    }
    throw allFailed(name, faults);
  }

  /** Its host may have another address by now. What failed over older sockets says nothing of those that there are. */
  function fail(server: RadiusServer, began: number): void {
    order.failed(server);
    if (server.renewedAt > began) return;
    server.renewedAt = clock.monotonic();
    server.sockets.renew();
  }

  function accessRequest({ username, secret, ipAddress }: Credentials): Question {
    return {
      code: CODE.accessRequest,
      attributes: (shared, requestAuthenticator) => [
        { type: ATTRIBUTE.userName, value: Buffer.from(username) },
        {
          type: ATTRIBUTE.userPassword,
          value: hidePassword(Buffer.from(secret.reveal()), shared, requestAuthenticator),
        },
        ...settings.client,
        ...(ipAddress === undefined ? [] : [{ type: ATTRIBUTE.callingStationId, value: Buffer.from(ipAddress) }]),
      ],
    };
  }

  function outcomeOf({ code, attributes }: Packet, { username }: Credentials): AuthenticationOutcome {
    if (code === CODE.accessReject) return denied('wrongSecret');
    if (code === CODE.accessChallenge) return denied('challenged');
    const textsIn = (wanted: number) =>
      attributes.flatMap(({ type, value }) => (type === wanted ? (textOf(value) ?? []) : []));
    const [user = username] = textsIn(ATTRIBUTE.userName);
    return {
      outcome: 'authenticated',
      user,
      ...(settings.groups !== undefined && { groups: textsIn(settings.groups) }),
    };
  }

  return {
    name,

    async authenticate(credentials, caller) {
      if (isClosed) throw new ClosedError(name);
      if (!canBeSent(credentials.secret.reveal(), MAX_PASSWORD_BYTES)) return denied('wrongSecret');
      if (!canBeSent(credentials.username, MAX_VALUE_BYTES)) return denied('unknownUser');
      return outcomeOf(await ask(accessRequest(credentials), caller), credentials);
    },

    async probe(caller) {
      await ask({ code: CODE.statusServer, attributes: () => settings.client }, caller);
    },

    async close() {
      isClosed = true;
      for (const { sockets } of servers) sockets.close(new ClosedError(name));
    },
  };
}

function denied(cause: DenialCause): AuthenticationOutcome {
  return { outcome: 'denied', cause };
}

/**
 * Whether a server would see it as it is: it is padded with NULs, many end text at the first, and a lone surrogate is sent
 * as U+FFFD, and so is the same as another.
 */
function canBeSent(text: string, maxBytes: number): boolean {
  return text !== '' && text.isWellFormed() && !text.includes('\0') && Buffer.byteLength(text) <= maxBytes;
}

/** @returns undefined if it is empty or no text */
function textOf(value: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value) || undefined;
  } catch {
    return undefined;
  }
}
