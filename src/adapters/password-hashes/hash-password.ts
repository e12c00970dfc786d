import { ConfigurationError } from '../../model/errors.js';
import type { Secret } from '../../model/secret.js';
import { MAX_USER_SECRET_BYTES } from '../../model/session-init-message.js';
import { loadArgon2 } from './hashing-packages.js';
import type { SecretHash } from './secret-hash.js';

/** OWASP's parameters for argon2id: 19 MiB, two passes, one lane. The package takes argon2id unless told otherwise. */
const OWASP_PARAMETERS = { memoryCost: 19456, timeCost: 2, parallelism: 1 };

/**
 * Hashes a user's new secret with argon2id at OWASP's parameters and a fresh salt, off the main thread.
 *
 * @throws ConfigurationError if no authenticator would take the secret: it is empty, longer than 4,096 bytes, or no
 *   well-formed Unicode
 * @throws MissingPackageError if `@node-rs/argon2` is not installed
 */
export async function hashPassword(secret: Secret): Promise<SecretHash> {
  const bytes = secretBytes(secret);
  if (bytes === undefined) {
    throw new ConfigurationError(
      `The secret must have 1 to ${MAX_USER_SECRET_BYTES} bytes of well-formed Unicode. Choose another.`,
    );
  }
  const { hash } = await loadArgon2();
  return { scheme: 'argon2id', encoded: await hash(bytes, OWASP_PARAMETERS), weak: false };
}

/** The secret's bytes, or undefined if it is one that nobody has. */
export function secretBytes(secret: Secret): Buffer | undefined {
  const text = secret.reveal();
  // A lone surrogate would be hashed as U+FFFD, and so match another secret.
  if (text.length === 0 || text.length > MAX_USER_SECRET_BYTES || !text.isWellFormed()) return undefined;
  const bytes = Buffer.from(text);
  return bytes.length <= MAX_USER_SECRET_BYTES ? bytes : undefined;
}
