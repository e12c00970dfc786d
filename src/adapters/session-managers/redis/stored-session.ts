import { BackendFaultError } from '../../../model/errors.js';
import { FullAuthSession } from '../../../model/session.js';

/**
 * What stands at the hash of a secret: `id created last_accessed ip_address user`, the user last since a name may have
 * spaces. A single word is a tombstone: that secret has ended, or must never begin.
 */
const TOMBSTONE = /^[a-z]+$/;
const SESSION = /^(\d+) (\d+) (\d+) (\S+) (.*)$/s;

/** Reads what stands at the hash of a secret. @returns undefined if nothing does, or a tombstone */
export function readSession(text: string | null): FullAuthSession | undefined {
  if (text === null || TOMBSTONE.test(text)) return undefined;
  const [, id, created, lastAccessed, ipAddress, user] = SESSION.exec(text) ?? [];
  if (ipAddress === undefined) {
    throw new BackendFaultError(
      'Redis has something else where a session should be. Is the prefix used by others, too?',
    );
  }
  return new FullAuthSession({
    session_id: Number(id),
    created: new Date(Number(created)),
    last_accessed: new Date(Number(lastAccessed)),
    ip_address: ipAddress,
    user,
  });
}
