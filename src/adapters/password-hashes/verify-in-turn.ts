import { abortableOf, type HasSignal } from '../../model/lazy-signal.js';
import type { HashingQueue } from './hashing-queue.js';
import type { SecretHash } from './secret-hash.js';
import { verifySecret } from './verify-secret.js';

/**
 * Finds out whether `secret` is the one that was hashed, when it has its turn in the queue. A single SHA-1 has none: it is over
 * before another could begin, and a wait would cost more.
 *
 * @throws what the queue and `verifySecret` throw; the reason of the caller's signal if it is aborted
 */
export function verifyInTurn(
  hashInTurn: HashingQueue,
  hash: SecretHash,
  secret: Buffer,
  caller: HasSignal,
): Promise<boolean> {
  if (hash.scheme !== 'sha1') return hashInTurn(() => verifySecret(hash, secret, caller), caller);
  abortableOf(caller).throwIfAborted();
  return verifySecret(hash, secret, caller);
}
