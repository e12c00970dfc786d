import { withServerDefaults } from '../../postgres-client/server-options.js';
import type { PostgresqlOptions, SqliteOptions, SqlUsersOptions } from './options.js';
import { postgresqlTable } from './postgresql-table.js';
import { sqliteTable } from './sqlite-table.js';
import type { UserTable } from './user-table.js';

type Settings = (PostgresqlOptions | SqliteOptions) &
  Pick<SqlUsersOptions, 'query' | 'upgrade'> &
  Required<Pick<SqlUsersOptions, 'name' | 'timeout' | 'clock'>>;

/** The table behind the query. Nothing is opened before it is asked. */
export function openUserTable(settings: Settings): UserTable {
  return settings.dialect === 'sqlite'
    ? sqliteTable(settings)
    : postgresqlTable({ ...settings, ...withServerDefaults(settings) });
}
