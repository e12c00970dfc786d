import { BackendFaultError } from '../../../model/errors.js';
import { FullAuthSession } from '../../../model/session.js';

/** Neither a digit nor a space: that secret has ended, or must never begin. */
const TOMBSTONE = /^[a-z]+$/;

/** What stands at the hash of the secret of a session that begins at `now`, as {@link readSession} reads it. */
export function writeFreshSession({ session_id, ip_address, user }: FullAuthSession, now: number): string {
  return `${session_id} ${now} ${now} ${ip_address} ${user}`;
}

/**
 * Reads what stands at the hash of a secret: `id created last_accessed ip_address user`, the user last since a name may
 * have spaces.
 *
 * @returns undefined if nothing stands there, or a tombstone
 * @throws BackendFaultError if it is neither
 */
export function readSession(text: string | null): FullAuthSession | undefined {
  if (text === null || TOMBSTONE.test(text)) return undefined;
  const afterId = text.indexOf(' ');
  const afterCreated = text.indexOf(' ', afterId + 1);
  const afterUsed = text.indexOf(' ', afterCreated + 1);
  const afterAddress = text.indexOf(' ', afterUsed + 1);
  const id = Number(text.slice(0, afterId));
  const created = Number(text.slice(afterId + 1, afterCreated));
  const used = Number(text.slice(afterCreated + 1, afterUsed));
  // Where a space is missing, one of these is no number.
  if (
    afterAddress === -1 ||
    !Number.isSafeInteger(id) ||
    !Number.isSafeInteger(created) ||
    !Number.isSafeInteger(used)
  ) {
    throw new BackendFaultError(
      'Redis has something else where a session should be. Is the prefix used by others, too?',
    );
  }
  return new FullAuthSession({
    session_id: id,
    created: new Date(created),
    last_accessed: new Date(used),
    ip_address: text.slice(afterUsed + 1, afterAddress),
    user: text.slice(afterAddress + 1),
  });
}
