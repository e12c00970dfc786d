import type { Secret } from '../../model/secret.js';
import { FullAuthSession } from '../../model/session.js';

/** A row of the table, as a database gives it. */
export type SqlRow = Readonly<Record<string, unknown>>;

/** A user name is kept as the bytes of its UTF-8: as text, a NUL would cut it, or be refused. */
export function userBytes(user: string): Buffer {
  return Buffer.from(user, 'utf8');
}

/** @param secret - the one that the session was just created with */
export function readSession(row: SqlRow, secret?: Secret): FullAuthSession {
  return new FullAuthSession({
    session_id: row['id'] as number,
    session_secret: secret,
    created: new Date(row['created'] as number),
    last_accessed: new Date(row['last_accessed'] as number),
    ip_address: row['ip_address'] as string,
    user: storedBytes(row['user']).toString('utf8'),
  });
}

/** pg gives a Buffer, node:sqlite a Uint8Array, libsql a Buffer for one row and ArrayBuffers for many. */
export function storedBytes(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value as ArrayBuffer);
}
