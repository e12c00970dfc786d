import type { SqlDialect } from '../../sql-sessions/dialect.js';

export const SQLITE: SqlDialect = {
  table: 'session',
  isOfUser: '"user" = :user',
  isIdle: 'last_accessed <= :usedSince',
  byLastUse: 'last_accessed',
  // Only one writes at a time.
  skipTaken: '',
};
