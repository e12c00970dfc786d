import type { Clock } from '../../../model/clock.js';
import { BackendFaultError, SessionInitError } from '../../../model/errors.js';
import { LazyAbortController } from '../../../model/lazy-signal.js';
import type { Secret } from '../../../model/secret.js';
import { withDeadline } from '../../../model/with-deadline.js';
import { hashPassword } from '../../password-hashes/hash-password.js';
import type { HashingQueue } from '../../password-hashes/hashing-queue.js';
import type { SecretHash } from '../../password-hashes/secret-hash.js';
import type { CallOptions } from '../../ports.js';
import type { UserTable } from './user-table.js';

export interface HashUpgradeOptions {
  readonly name: string;
  readonly table: UserTable;
  readonly clock: Clock;
  readonly timeout: number;
  readonly hashInTurn: HashingQueue;
  readonly onError: (error: SessionInitError) => void;
}

/** Puts a strong hash in the place of a weak one, while nobody waits for it. */
export interface HashUpgrade {
  /** Does nothing while another is under way: whoever is passed over has the next login for it. */
  start(username: string, secret: Secret, hash: SecretHash): void;
  /** Ends the one that is under way. */
  close(): Promise<void>;
}

export function hashUpgrade(options: HashUpgradeOptions): HashUpgrade {
  const { name, table, clock, timeout, hashInTurn, onError } = options;
  const closing = new LazyAbortController();
  let running: Promise<void> | undefined;

  async function upgrade(username: string, secret: Secret, { encoded }: SecretHash): Promise<void> {
    const { encoded: to } = await hashInTurn(() => hashPassword(secret), closing);
    closing.throwIfAborted();
    const change = (call: CallOptions) => table.changeHash({ username, from: encoded, to }, call);
    await withDeadline(clock, timeout, `${name}.upgrade`, change, closing);
  }

  function report(cause: unknown): void {
    if (closing.isAborted) return;
    onError(
      cause instanceof SessionInitError
        ? cause
        : new BackendFaultError(`${name} could not upgrade the hash of a user.`, { cause }),
    );
  }

  return {
    start(username, secret, hash) {
      running ??= upgrade(username, secret, hash)
        .catch(report)
        .finally(() => {
          running = undefined;
        });
    },
    async close() {
      closing.abort();
      await running;
    },
  };
}
