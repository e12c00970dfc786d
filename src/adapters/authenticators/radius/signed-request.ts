import { createHmac, randomFillSync } from 'node:crypto';
import { ATTRIBUTE, type Attribute, AUTHENTICATOR_BYTES, encodePacket, HEADER_BYTES } from './packet.js';

/** What is asked of a server. What is hidden in its attributes depends on the server's secret and the packet. */
export interface Question {
  readonly code: number;
  attributes(secret: Uint8Array, requestAuthenticator: Uint8Array): readonly Attribute[];
}

/** A request as it is sent, and sent again. */
export interface SignedRequest {
  readonly bytes: Buffer;
  readonly identifier: number;
  readonly authenticator: Uint8Array;
}

/** Filled as a whole, which takes as long as to make one. */
const random = Buffer.alloc(256 * AUTHENTICATOR_BYTES);
let nextRandom = random.length;

/** A copy: what is under way must not change when the others are filled anew. */
function newAuthenticator(): Uint8Array {
  if (nextRandom === random.length) {
    randomFillSync(random);
    nextRandom = 0;
  }
  const at = nextRandom;
  nextRandom += AUTHENTICATOR_BYTES;
  return Uint8Array.prototype.slice.call(random, at, nextRandom);
}

/**
 * A request with a Message-Authenticator, which comes first: before it an attacker could put nothing of a known hash
 * (CVE-2024-3596).
 *
 * @param authenticator - must not be foreseen, and never come twice
 */
export function signedRequest(
  { code, attributes }: Question,
  identifier: number,
  secret: Uint8Array,
  authenticator: Uint8Array = newAuthenticator(),
): SignedRequest {
  const unsigned = { type: ATTRIBUTE.messageAuthenticator, value: Buffer.alloc(AUTHENTICATOR_BYTES) };
  const bytes = encodePacket({
    ...{ code, identifier, authenticator },
    attributes: [unsigned, ...attributes(secret, authenticator)],
  });
  bytes.set(createHmac('md5', secret).update(bytes).digest(), HEADER_BYTES + 2);
  return { bytes, identifier, authenticator };
}
