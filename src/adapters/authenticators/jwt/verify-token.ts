import type { CryptoKey, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { BackendFaultError } from '../../../model/errors.js';
import type { KeySet } from './key-source.js';

type Jose = typeof import('jose');

/** Node's decoder of base64url, which jose uses, passes over whatever is no part of it. */
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Whether a secret says of itself that it is a token of `issuer`. Nothing is verified by it. */
export function claimsToBeFrom(jose: Jose, issuer: string, secret: string): boolean {
  try {
    return COMPACT.test(secret) && jose.decodeJwt(secret).iss === issuer;
  } catch {
    return false;
  }
}

/**
 * Verifies a token with the keys of a set.
 *
 * @throws JOSEError if the token is no proof: `JWKSNoMatchingKey` if newer keys might verify it
 * @throws BackendFaultError if a key cannot be used
 */
export async function verifyToken(
  jose: Jose,
  token: string,
  { find }: KeySet,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const { JWKSMultipleMatchingKeys, JWKSNoMatchingKey, JWSInvalid, JWSSignatureVerificationFailed } = jose.errors;
  if (!COMPACT.test(token)) throw new JWSInvalid('It is no compact JWS.');
  let isKeyNamed = true;

  const findKey: JWTVerifyGetKey<CryptoKey> = async (header, jws) => {
    isKeyNamed = header.kid !== undefined;
    try {
      return await find(header, jws);
    } catch (cause) {
      if (cause instanceof JWKSNoMatchingKey || cause instanceof JWKSMultipleMatchingKeys) throw cause;
      throw new BackendFaultError('A key of the issuer cannot be used.', { cause });
    }
  };

  async function verifyWithAny(keys: AsyncIterable<CryptoKey>): Promise<JWTPayload> {
    for await (const key of keys) {
      try {
        return (await jose.jwtVerify(token, key, options)).payload;
      } catch (error) {
        if (!(error instanceof JWSSignatureVerificationFailed)) throw error;
      }
    }
    throw new JWKSNoMatchingKey();
  }

  try {
    return (await jose.jwtVerify(token, findKey, options)).payload;
  } catch (error) {
    if (error instanceof JWKSMultipleMatchingKeys) return verifyWithAny(error);
    // Without a name, the key that was tried may have been replaced.
    if (error instanceof JWSSignatureVerificationFailed && !isKeyNamed) throw new JWKSNoMatchingKey();
    throw error;
  }
}
