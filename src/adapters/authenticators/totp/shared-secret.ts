import type { Otplib } from './load-otplib.js';

/** RFC 4226 §4, R6 wants 128 bits at least. */
const LEAST_BYTES = 16;
const MOST_BYTES = 64;

/** What is wrong with a secret that is no {@link sharedSecret}. */
export const SECRET_PROBLEM = `must be Base32 of ${LEAST_BYTES} to ${MOST_BYTES} bytes, such as generateSecret() of otplib makes`;

/**
 * The bytes of a secret in Base32, which may be in groups and in either case, as apps show it.
 *
 * @returns undefined if it is none that can be used
 */
export function sharedSecret({ ScureBase32Plugin }: Otplib, base32: string): Uint8Array | undefined {
  try {
    const bytes = new ScureBase32Plugin().decode(base32.replaceAll(/[\s-]/g, ''));
    return bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES ? bytes : undefined;
  } catch {
    // The error quotes a part of the secret.
    return undefined;
  }
}
