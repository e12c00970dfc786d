import type { SessionLimitPolicy } from '../session-lifetime.js';
import type { SqlDialect } from './dialect.js';

/** What the parameters of the statements are. In a statement they stand as `:name`. */
export interface SqlParameters {
  hash: Buffer;
  user: Buffer;
  ipAddress: string;
  id: number;
  after: number;
  limit: number;
  /** A time, in milliseconds since the epoch, as the two that follow. */
  now: number;
  /** A session is live if it was created after this. */
  createdSince: number;
  /** A session is live if it was last used after this. */
  usedSince: number;
}

/** What is asked of the database. A creation has the name of the limit policy that it goes by. */
export type SqlOperation =
  | SessionLimitPolicy
  | 'findByHash'
  | 'findById'
  | 'listUser'
  | 'listAll'
  | 'refresh'
  | 'remove'
  | 'removeExpired';

/**
 * The statements of each operation. They are run one after the other, as one step for everybody else, and the rows that
 * they return are put together: none depends on what came of another but by what is in the table then. So a database can
 * be called for each, or take all in one call.
 */
export type SqlStatements = Readonly<Record<SqlOperation, readonly string[]>>;

const COLUMNS = 'id, "user", ip_address, created, last_accessed';

/** The statements of a session manager: the one place that says what is asked. */
export function sqlStatements(dialect: SqlDialect): SqlStatements {
  const { table, isOfUser, isIdle, byLastUse, skipTaken } = dialect;
  // Sums have no index: most sessions are live, and one that is sought is found by something better than that.
  const isLive = 'created + 0 > :createdSince AND last_accessed + 0 > :usedSince';
  const latestUse = 'CASE WHEN last_accessed < :now THEN :now ELSE last_accessed END';
  return {
    ...creationStatements(dialect, isLive, latestUse),
    findByHash: [`SELECT secret_hash, ${COLUMNS} FROM ${table} WHERE secret_hash = :hash AND ${isLive}`],
    findById: [`SELECT ${COLUMNS} FROM ${table} WHERE id = :id AND ${isLive}`],
    listUser: [
      `SELECT ${COLUMNS} FROM ${table} WHERE ${isOfUser} AND id > :after AND ${isLive} ORDER BY id LIMIT :limit`,
    ],
    listAll: [`SELECT ${COLUMNS} FROM ${table} WHERE id > :after AND ${isLive} ORDER BY id LIMIT :limit`],
    refresh: [`UPDATE ${table} SET last_accessed = ${latestUse} WHERE id = :id AND ${isLive} RETURNING ${COLUMNS}`],
    remove: [`DELETE FROM ${table} WHERE id = :id RETURNING ${COLUMNS}`],
    removeExpired: [
      // With names for the two, so that each is found once, and what it finds is what is removed.
      `WITH too_old AS (SELECT id FROM ${table} WHERE created <= :createdSince
          ORDER BY created LIMIT :limit ${skipTaken}),
        idle AS (SELECT id FROM ${table} WHERE ${isIdle} ORDER BY ${byLastUse} LIMIT :limit ${skipTaken})
      DELETE FROM ${table} WHERE id IN (SELECT id FROM too_old UNION SELECT id FROM idle LIMIT :limit)
      RETURNING ${COLUMNS}`,
    ],
  };
}

/**
 * What the limit policies are: each makes room in its way, and then there is a new session, or room for none. The row that
 * comes last is the user's session; those before it had to go for it. `:limit` is how many a user may have; 1 for `reuse`.
 */
function creationStatements(
  { table, isOfUser }: SqlDialect,
  isLive: string,
  latestUse: string,
): Readonly<Record<SessionLimitPolicy, readonly string[]>> {
  const liveOfUser = `FROM ${table} WHERE ${isOfUser} AND ${isLive}`;
  const into = `INTO ${table} (secret_hash, "user", ip_address, created, last_accessed)`;
  const insert = `INSERT ${into} VALUES (:hash, :user, :ipAddress, :now, :now) RETURNING ${COLUMNS}`;
  const insertIfRoom = `INSERT ${into} SELECT :hash, :user, :ipAddress, :now, :now
    WHERE (SELECT count(*) ${liveOfUser}) < :limit RETURNING ${COLUMNS}`;
  const rekeyLatest = `UPDATE ${table} SET secret_hash = :hash, ip_address = :ipAddress, last_accessed = ${latestUse}
    WHERE id = (SELECT id ${liveOfUser} ORDER BY id DESC LIMIT 1) RETURNING ${COLUMNS}`;
  const evictOldest = `DELETE ${liveOfUser} AND id <=
    (SELECT id ${liveOfUser} ORDER BY id DESC LIMIT 1 OFFSET :limit - 1) RETURNING ${COLUMNS}`;
  return {
    allow: [insert],
    reuse: [rekeyLatest, insertIfRoom],
    evictOldest: [evictOldest, insert],
    refuse: [insertIfRoom],
  };
}
