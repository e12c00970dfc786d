import { Secret } from '../../../model/secret.js';
import type { Credentials } from '../../ports.js';

/** How the secret of a request is dealt out: one for each factor. Undefined if there are too few parts. */
export type ShareSecret = (credentials: Credentials) => readonly Credentials[] | undefined;

/**
 * Deals out what was asserted to so many factors. A code that came apart is for the last of them. With a separator, the rest
 * is taken apart at its last ones, so that a password may contain it.
 */
export function shareSecret(factors: number, separator: string | undefined): ShareSecret {
  return (credentials) => {
    const { secret, oneTimeCode } = credentials;
    const apart = factors > 1 && oneTimeCode !== undefined ? [oneTimeCode] : [];
    const together = factors - apart.length;
    const parts = separator === undefined ? Array(together).fill(secret) : partsOf(secret, together, separator);
    // A factor that is itself made of several deals out what it gets, so the code must not reach it twice.
    return parts && [...parts, ...apart].map((part) => ({ ...credentials, secret: part, oneTimeCode: undefined }));
  };
}

/** @returns undefined if a part would be missing or empty */
function partsOf(secret: Secret, count: number, separator: string): Secret[] | undefined {
  if (count === 1) return [secret];
  const parts: string[] = [];
  let rest = secret.reveal();
  while (parts.length < count - 1) {
    const end = rest.lastIndexOf(separator);
    if (end < 0) return undefined;
    parts.unshift(rest.slice(end + separator.length));
    rest = rest.slice(0, end);
  }
  parts.unshift(rest);
  return parts.includes('') ? undefined : parts.map((part) => new Secret(part));
}
