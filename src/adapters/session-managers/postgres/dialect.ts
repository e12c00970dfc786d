import type { SqlDialect } from '../../sql-sessions/dialect.js';

/** By what the sessions of a user are found and locked: a name can be longer than what an index takes. */
export function userKey(user: string): string {
  return `hashtextextended(encode(${user}, 'hex'), 0)`;
}

/** Milliseconds for which a session can be used again without a change to an index: see the column `used_minute`. */
export const USE_IS_INDEXED_PER = 60_000;

export function postgresDialect(schema: string): SqlDialect {
  return {
    table: `"${schema}".session`,
    isOfUser: `${userKey('"user"')} = ${userKey(':user')} AND "user" = :user`,
    isIdle: `used_minute <= :usedSince / ${USE_IS_INDEXED_PER} AND last_accessed <= :usedSince`,
    byLastUse: 'used_minute',
    skipTaken: 'FOR UPDATE SKIP LOCKED',
  };
}
