import { timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../../model/secret.js';
import { FullAuthSession } from '../../../model/session.js';
import type { SessionRequest } from '../../ports.js';
import {
  blobBytes,
  type SqliteConnection,
  type SqliteRow,
  type SqliteStatement,
  type SqliteValue,
} from '../../sqlite-driver/driver.js';

/** What is live: created, and last used, after these times in milliseconds since the epoch. */
export interface LiveSince {
  created: number;
  lastAccessed: number;
}

const COLUMNS = 'id, user, ip_address, created, last_accessed';
const LIVE = 'created > ? AND last_accessed > ?';

const STATEMENTS = {
  insert: `INSERT INTO session (secret_hash, user, ip_address, created, last_accessed) VALUES (?, ?, ?, ?, ?)
    RETURNING ${COLUMNS}`,
  rekeyLatest: `UPDATE session SET secret_hash = ?, ip_address = ?, last_accessed = max(last_accessed, ?)
    WHERE id = (SELECT id FROM session WHERE user = ? AND ${LIVE} ORDER BY id DESC LIMIT 1) RETURNING ${COLUMNS}`,
  evictOldest: `DELETE FROM session WHERE id IN
    (SELECT id FROM session WHERE user = ? AND ${LIVE} ORDER BY id DESC LIMIT -1 OFFSET ?) RETURNING id`,
  count: `SELECT count(*) AS count FROM session WHERE user = ? AND ${LIVE}`,
  latestUse: 'SELECT max(last_accessed) AS latest FROM session',
  findByHash: `SELECT secret_hash, ${COLUMNS} FROM session WHERE secret_hash = ? AND ${LIVE}`,
  findById: `SELECT ${COLUMNS} FROM session WHERE id = ? AND ${LIVE}`,
  listUser: `SELECT ${COLUMNS} FROM session WHERE user = ? AND id > ? AND ${LIVE} ORDER BY id LIMIT ?`,
  listAll: `SELECT ${COLUMNS} FROM session WHERE id > ? AND ${LIVE} ORDER BY id LIMIT ?`,
  refresh: `UPDATE session SET last_accessed = max(last_accessed, ?) WHERE id = ? AND ${LIVE} RETURNING ${COLUMNS}`,
  remove: 'DELETE FROM session WHERE id = ? RETURNING id',
  removeExpired: `DELETE FROM session WHERE id IN (
      SELECT * FROM (SELECT id FROM session WHERE created <= ? ORDER BY created LIMIT ?)
      UNION SELECT * FROM (SELECT id FROM session WHERE last_accessed <= ? ORDER BY last_accessed LIMIT ?)
      LIMIT ?) RETURNING ${COLUMNS}`,
} as const;

/**
 * The sessions in a database. Every method is one synchronous step. What writes is called within `atomically`: outside,
 * the drivers do not report that a statement which has returned its row could not be committed.
 */
export class SessionStore {
  readonly #connection: SqliteConnection;
  readonly #statements: Readonly<Record<keyof typeof STATEMENTS, SqliteStatement>>;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
    const prepared = Object.entries(STATEMENTS).map(([name, sql]) => [name, connection.prepare(sql)]);
    this.#statements = Object.fromEntries(prepared);
  }

  /** Runs `work` in one transaction that nobody else can write in between; what throws leaves nothing behind. */
  atomically<Result>(work: () => Result): Result {
    this.#connection.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#connection.exec('COMMIT');
      return result;
    } catch (cause) {
      this.#rollBack();
      throw cause;
    }
  }

  /** SQLite has rolled back already where the disk was full, and says that there is nothing to roll back. */
  #rollBack(): void {
    try {
      this.#connection.exec('ROLLBACK');
    } catch {}
  }

  insert(request: SessionRequest, secret: Secret, hash: Buffer, now: number): FullAuthSession {
    const row = this.#get('insert', hash, userBytes(request.user), request.ipAddress, now, now);
    return readSession(row as SqliteRow, secret);
  }

  /** Gives the user's latest live session a new secret and address, and marks it as used. */
  rekeyLatest(
    request: SessionRequest,
    secret: Secret,
    hash: Buffer,
    now: number,
    since: LiveSince,
  ): FullAuthSession | undefined {
    const user = userBytes(request.user);
    const row = this.#get('rekeyLatest', hash, request.ipAddress, now, user, since.created, since.lastAccessed);
    return row && readSession(row, secret);
  }

  /** Removes all live sessions of a user but the `kept` latest. @returns the ids of those that are removed */
  evictOldest(user: string, kept: number, since: LiveSince): number[] {
    const rows = this.#all('evictOldest', userBytes(user), since.created, since.lastAccessed, kept);
    return rows.map(({ id }) => id as number);
  }

  count(user: string, since: LiveSince): number {
    return this.#get('count', userBytes(user), since.created, since.lastAccessed)?.['count'] as number;
  }

  /** When a session was last used, in milliseconds since the epoch; 0 if there is none. */
  latestUse(): number {
    return (this.#get('latestUse')?.['latest'] ?? 0) as number;
  }

  /**
   * The index finds the row by its hash. How long that takes says at most where the hash of a guess would stand, which
   * tells nothing of a secret; the hash that it finds is compared again, whole and in constant time.
   */
  findByHash(hash: Buffer, since: LiveSince): FullAuthSession | undefined {
    const row = this.#get('findByHash', hash, since.created, since.lastAccessed);
    return row && timingSafeEqual(blobBytes(row['secret_hash']), hash) ? readSession(row) : undefined;
  }

  findById(id: number, since: LiveSince): FullAuthSession | undefined {
    const row = this.#get('findById', id, since.created, since.lastAccessed);
    return row && readSession(row);
  }

  list(user: string | undefined, after: number, limit: number, since: LiveSince): FullAuthSession[] {
    const parameters = [after, since.created, since.lastAccessed, limit];
    const rows =
      user === undefined ? this.#all('listAll', ...parameters) : this.#all('listUser', userBytes(user), ...parameters);
    return rows.map((row) => readSession(row));
  }

  refresh(id: number, now: number, since: LiveSince): FullAuthSession | undefined {
    const row = this.#get('refresh', now, id, since.created, since.lastAccessed);
    return row && readSession(row);
  }

  remove(id: number): boolean {
    return this.#get('remove', id) !== undefined;
  }

  removeExpired(limit: number, since: LiveSince): FullAuthSession[] {
    const rows = this.#all('removeExpired', since.created, limit, since.lastAccessed, limit, limit);
    return rows.map((row) => readSession(row));
  }

  close(): void {
    try {
      // So that the file is whole by itself: libsql leaves the log in place when it closes.
      this.#connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get([]);
    } catch {
      // The log stays, and nothing is lost: whoever opens the database next reads it.
    }
    this.#connection.close();
  }

  #get(statement: keyof typeof STATEMENTS, ...parameters: SqliteValue[]): SqliteRow | undefined {
    return this.#statements[statement].get(parameters);
  }

  #all(statement: keyof typeof STATEMENTS, ...parameters: SqliteValue[]): SqliteRow[] {
    return this.#statements[statement].all(parameters);
  }
}

function userBytes(user: string): Buffer {
  return Buffer.from(user, 'utf8');
}

function readSession(row: SqliteRow, secret?: Secret): FullAuthSession {
  return new FullAuthSession({
    session_id: row['id'] as number,
    session_secret: secret,
    created: new Date(row['created'] as number),
    last_accessed: new Date(row['last_accessed'] as number),
    ip_address: row['ip_address'] as string,
    user: blobBytes(row['user']).toString('utf8'),
  });
}
