import { SessionInitError } from '../../../model/errors.js';
import type { SqliteConnection, SqliteDriver, SqliteMode } from '../../sqlite-driver/driver.js';
import { type WhileBusyOptions, whileBusy } from '../../sqlite-driver/while-busy.js';
import { exists, unusable } from './inspect-file.js';
import { APPLICATION_ID, SCHEMA_VERSION } from './schema.js';

/**
 * Looks into an existing database without changing a byte of it, which SQLite would do already when it opens a file to
 * write: it replays, folds in and deletes logs.
 *
 * @throws ConfigurationError if it is damaged, or not of a schema that this version knows
 */
export async function inspectDatabase(driver: SqliteDriver, path: string, options: WhileBusyOptions): Promise<void> {
  // First the marks in the header, which are right with a log and without: the log has sessions only.
  await look(driver, path, 'immutable', options, requireKnownSchema);
  // A journal is left when a process ends while it creates the schema. To see past it, SQLite has to write.
  if (await exists(`${path}-journal`)) return;
  if (!(await exists(`${path}-wal`))) {
    try {
      await look(driver, path, 'immutable', options, requireSound);
      return;
    } catch (cause) {
      if (!(await exists(`${path}-wal`))) throw cause;
      // Another process has opened it meanwhile, and wrote what was taken to stand still: look again.
    }
  }
  await look(driver, path, 'readOnly', options, requireSound);
}

async function look(
  driver: SqliteDriver,
  path: string,
  mode: SqliteMode,
  options: WhileBusyOptions,
  check: (connection: SqliteConnection, path: string) => void,
): Promise<void> {
  try {
    await whileBusy(() => {
      const connection = driver.open(path, mode);
      try {
        check(connection, path);
      } finally {
        connection.close();
      }
    }, options);
  } catch (cause) {
    if (cause instanceof SessionInitError) throw cause;
    const problem = `it is damaged, or no SQLite database at all (${(cause as Error).message})`;
    throw unusable(path, `${problem}. Restore it from a backup, or move it away.`, cause);
  }
}

/** @throws ConfigurationError if the database is not marked as one that this version may write */
export function requireKnownSchema(connection: SqliteConnection, path: string): void {
  const version = pragma(connection, 'user_version');
  if (pragma(connection, 'application_id') !== APPLICATION_ID) {
    throw unusable(path, 'it is the SQLite database of another application. Name a file of its own for the sessions.');
  }
  if (version > SCHEMA_VERSION) {
    const problem = `a later version of session-init has written it (schema ${version}; this one knows ${SCHEMA_VERSION})`;
    throw unusable(path, `${problem}. Upgrade session-init, or move the file away.`);
  }
  if (version < 1) throw unusable(path, 'its schema has no version: it is damaged. Restore it from a backup.');
}

function requireSound(connection: SqliteConnection): void {
  const finding = connection.prepare('PRAGMA quick_check(1)').get([])?.['quick_check'];
  if (finding !== 'ok') throw new Error(String(finding));
  connection.prepare('SELECT id, secret_hash, user, ip_address, created, last_accessed FROM session LIMIT 0').all([]);
}

export function pragma(connection: SqliteConnection, name: 'application_id' | 'user_version'): number {
  return Number(connection.prepare(`PRAGMA ${name}`).get([])?.[name]);
}
