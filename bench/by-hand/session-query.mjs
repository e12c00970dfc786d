import { hash } from 'node:crypto';

const IDLE_TIMEOUT = 30 * 60_000;
const ABSOLUTE_LIFETIME = 24 * 60 * 60_000;

/** One prepared statement that finds a live session by the SHA-256 of its secret. */
export function sessionQueryByHand(connection) {
  const query = connection.prepare(
    `SELECT id, user, ip_address, created, last_accessed FROM session
     WHERE secret_hash = ? AND created > ? AND last_accessed > ?`,
  );
  return (secret) => {
    const now = Date.now();
    const row = query.get([hash('sha256', secret, 'buffer'), now - ABSOLUTE_LIFETIME, now - IDLE_TIMEOUT]);
    return row && { ...row, user: Buffer.from(row.user).toString() };
  };
}
