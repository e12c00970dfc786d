import { hash as digest, timingSafeEqual } from 'node:crypto';
import type { HasSignal } from '../../model/lazy-signal.js';
import { apr1 } from './apr1.js';
import { Pace } from './crypt-rounds.js';
import { loadArgon2, loadBcrypt } from './hashing-packages.js';
import type { HashScheme, SecretHash } from './secret-hash.js';
import { shaCrypt } from './sha-crypt.js';

/** bcrypt leaves out what comes after this. */
const BCRYPT_MAX_BYTES = 72;

/**
 * Finds out whether `secret` is the one that was hashed. argon2id and bcrypt run on the thread pool; the others run on
 * the main thread in slices of about a millisecond, and stop when the caller has gone.
 *
 * @throws MissingPackageError if the package of the scheme is not installed
 */
export async function verifySecret(hash: SecretHash, secret: Buffer, caller: HasSignal): Promise<boolean> {
  const { encoded } = hash;
  switch (hash.scheme) {
    case 'argon2id':
      return (await loadArgon2()).verify(encoded, secret);
    case 'bcrypt': {
      const matches = await (await loadBcrypt()).verify(secret, encoded);
      return matches && isWholeForBcrypt(secret);
    }
    case 'sha512crypt':
    case 'sha256crypt':
      return equal(await shaCrypt(secret, encoded, new Pace(caller)), encoded);
    case 'apr1':
      return equal(await apr1(secret, encoded, new Pace(caller)), encoded);
    case 'sha1':
      return equal(`{SHA}${digest('sha1', secret, 'base64')}`, encoded);
  }
}

/**
 * Loads what the schemes need, so that it is known now and not at the first verification.
 *
 * @throws MissingPackageError if a package is not installed
 */
export async function loadSchemes(schemes: ReadonlySet<HashScheme>): Promise<void> {
  if (schemes.has('argon2id')) await loadArgon2();
  if (schemes.has('bcrypt')) await loadBcrypt();
}

/**
 * bcrypt reads 72 bytes, and takes its input and a NUL in a circle: `a` and `a\0a` have the same hash. What it does
 * not verify as a whole does not match (ASVS 6.2.8).
 */
function isWholeForBcrypt(secret: Buffer): boolean {
  return secret.length <= BCRYPT_MAX_BYTES && !secret.includes(0);
}

function equal(computed: string, encoded: string): boolean {
  return computed.length === encoded.length && timingSafeEqual(Buffer.from(computed), Buffer.from(encoded));
}
