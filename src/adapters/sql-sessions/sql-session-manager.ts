import { timingSafeEqual } from 'node:crypto';
import type { CallOptions, SessionManager } from '../ports.js';
import { afterId, isSessionId, itemCount, requireUser } from '../session-arguments.js';
import type { SessionLifetime } from '../session-lifetime.js';
import { hashSessionSecret, newSessionSecret } from '../session-secret.js';
import type { SqlOperation, SqlParameters } from './statements.js';
import { readSession, type SqlRow, storedBytes, userBytes } from './stored-session.js';

/** The database behind a session manager. */
export interface SqlDatabase {
  /**
   * Runs the statements of an operation, as one step for everybody else.
   *
   * @param parameters - gives the values when they are run, which may be later, and more than once: the time is in them
   * @returns the rows of all statements, one after the other
   * @throws ClosedError after the manager was closed
   */
  run(
    operation: SqlOperation,
    parameters: () => Readonly<Partial<SqlParameters>>,
    options: CallOptions | undefined,
  ): Promise<readonly SqlRow[]>;
  /** @throws ClosedError after the manager was closed */
  requireOpen(): void;
}

/** What every session manager over SQL has in common: everything but how the statements get to the database. */
export type SqlSessionManager = Omit<SessionManager, 'name' | 'watch' | 'probe' | 'close'>;

/** @param now - the time, in milliseconds since the epoch */
export function sqlSessionManager(
  { run, requireOpen }: SqlDatabase,
  lifetime: SessionLifetime,
  now: () => number,
): SqlSessionManager {
  const limit = lifetime.limitPolicy === 'reuse' ? 1 : lifetime.maxSessionsPerUser;

  function times() {
    const time = now();
    return { now: time, createdSince: lifetime.createdTooEarly(time), usedSince: lifetime.usedTooEarly(time) };
  }

  return {
    async create({ user, ipAddress }, options) {
      requireUser(user);
      const secret = newSessionSecret();
      const values = { hash: hashSessionSecret(secret), user: userBytes(user), ipAddress, limit };
      const rows = await run(lifetime.limitPolicy, () => ({ ...times(), ...values }), options);
      const row = rows.at(-1);
      if (row === undefined) return { outcome: 'limitReached' };
      const session = readSession(row, secret);
      if (rows.length === 1) return { outcome: 'created', session };
      return { outcome: 'created', session, evicted: rows.slice(0, -1).map(({ id }) => id as number) };
    },

    /**
     * The index finds the row by its hash. How long that takes says at most where the hash of a guess would stand, which
     * tells nothing of a secret; the hash that it finds is compared again, whole and in constant time.
     */
    async findBySecret(secret, options) {
      const hash = hashSessionSecret(secret);
      const [row] = await run('findByHash', () => ({ ...times(), hash }), options);
      return row && timingSafeEqual(storedBytes(row['secret_hash']), hash) ? readSession(row) : undefined;
    },

    async findById(id, options) {
      if (!isSessionId(id)) return void requireOpen();
      const [row] = await run('findById', () => ({ ...times(), id }), options);
      return row && readSession(row);
    },

    async listByUser(user, page, options) {
      const values = { after: afterId(page?.after), limit: itemCount(page?.limit ?? 1000) };
      if (user === undefined) return readAll(await run('listAll', () => ({ ...times(), ...values }), options));
      requireOpen();
      // A name that is not well-formed would be looked up as another one.
      if (!user.isWellFormed()) return [];
      return readAll(await run('listUser', () => ({ ...times(), ...values, user: userBytes(user) }), options));
    },

    async refresh(id, options) {
      if (!isSessionId(id)) return void requireOpen();
      const [row] = await run('refresh', () => ({ ...times(), id }), options);
      return row && readSession(row);
    },

    async remove(id, options) {
      requireOpen();
      if (!isSessionId(id)) return false;
      return (await run('remove', () => ({ id }), options)).length > 0;
    },

    async removeExpired(limit, options) {
      return readAll(await run('removeExpired', () => ({ ...times(), limit: itemCount(limit) }), options));
    },
  };
}

function readAll(rows: readonly SqlRow[]) {
  return rows.map((row) => readSession(row));
}
