import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import {
  ATTRIBUTE,
  AUTHENTICATOR_AT,
  AUTHENTICATOR_BYTES,
  CODE,
  decodePacket,
  type Packet,
  packetIn,
} from './packet.js';
import type { SignedRequest } from './signed-request.js';

/**
 * Why a datagram is no answer to a request.
 * - `garbled`: it is no packet, or none that answers a request
 * - `forged`: it is not signed with the secret of the server, for this request
 * - `unprotected`: its Response Authenticator fits, which MD5 lets an attacker achieve, and it has no Message-Authenticator
 */
export type Flaw = 'garbled' | 'forged' | 'unprotected';

const ANSWERS: readonly number[] = [CODE.accessAccept, CODE.accessReject, CODE.accessChallenge];

/** Reads the answer to a request, if it is one that nobody but the server can have written. */
export function readAnswer(datagram: Buffer, request: SignedRequest, secret: Uint8Array): Packet | Flaw {
  const bytes = packetIn(datagram);
  const packet = bytes && decodePacket(bytes);
  if (bytes === undefined || packet === undefined || !ANSWERS.includes(packet.code)) return 'garbled';
  const asSigned = Buffer.from(bytes);
  asSigned.set(request.authenticator, AUTHENTICATOR_AT);
  const expected = hash('md5', Buffer.concat([asSigned, secret]), 'buffer');
  if (packet.identifier !== request.identifier || !timingSafeEqual(expected, packet.authenticator)) return 'forged';
  const signatures = packet.attributes.filter(({ type }) => type === ATTRIBUTE.messageAuthenticator);
  const [signature] = signatures;
  if (signature === undefined) return 'unprotected';
  if (signatures.length > 1 || signature.value.length !== AUTHENTICATOR_BYTES) return 'forged';
  const at = signature.value.byteOffset - bytes.byteOffset;
  asSigned.fill(0, at, at + AUTHENTICATOR_BYTES);
  const expectedSignature = createHmac('md5', secret).update(asSigned).digest();
  return timingSafeEqual(expectedSignature, signature.value) ? packet : 'forged';
}
