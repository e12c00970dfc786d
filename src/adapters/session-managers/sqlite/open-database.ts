import { closeSync, openSync } from 'node:fs';
import { SessionInitError } from '../../../model/errors.js';
import { loadSqliteDriver, type SqliteConnection } from '../../sqlite-driver/driver.js';
import { type WhileBusyOptions, whileBusy } from '../../sqlite-driver/while-busy.js';
import { inspectDatabase, pragma, requireKnownSchema } from './inspect-database.js';
import { inspectFile, unusable } from './inspect-file.js';
import { CREATE_SCHEMA } from './schema.js';

/**
 * How long SQLite itself waits for a lock, in milliseconds. The event loop stands still meanwhile, so it is just long
 * enough for another process to end an ordinary transaction; beyond it, {@link whileBusy} waits.
 */
const BUSY_TIMEOUT = 10;

/** What an acknowledged session survives: the end of the process by any means, or the loss of power as well. */
export type Durability = 'process' | 'power';

/**
 * Opens the session database at `path`, and creates it if there is none. A file that cannot be used is left untouched.
 *
 * @param path - absolute
 * @throws ConfigurationError saying why the file cannot be used
 */
export async function openDatabase(
  path: string,
  durability: Durability,
  options: WhileBusyOptions,
): Promise<SqliteConnection> {
  const finding = await inspectFile(path);
  const driver = await loadSqliteDriver();
  if (finding === 'file') await inspectDatabase(driver, path, options);
  if (finding === 'absent') createFile(path);
  const connection = driver.open(path, 'readWrite');
  try {
    connection.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`);
    await whileBusy(() => createSchema(connection, path), options);
    await whileBusy(() => configure(connection, path, durability), options);
    return connection;
  } catch (cause) {
    connection.close();
    throw cause instanceof SessionInitError ? cause : unusable(path, `${(cause as Error).message}.`, cause);
  }
}

/**
 * SQLite takes the mode of its log from the database file, so that none of them is for others to read. In one
 * synchronous step, so that no descriptor is closed when SQLite has the file open already (see {@link inspectFile}).
 */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    // Another process may have been faster.
    if (code !== 'EEXIST') throw unusable(path, `${message}.`, cause);
  }
}

/** In a rollback journal, not the log: so the marks are in the file's header from the beginning. */
function createSchema(connection: SqliteConnection, path: string): void {
  if (pragma(connection, 'user_version') === 0) {
    connection.exec('BEGIN IMMEDIATE');
    try {
      // Another process may have created it while this one waited for the lock.
      if (pragma(connection, 'user_version') === 0) connection.exec(CREATE_SCHEMA);
      connection.exec('COMMIT');
    } catch (cause) {
      connection.exec('ROLLBACK');
      throw cause;
    }
  }
  requireKnownSchema(connection, path);
}

function configure(connection: SqliteConnection, path: string, durability: Durability): void {
  const mode = connection.prepare('PRAGMA journal_mode = WAL').get([])?.['journal_mode'];
  if (mode !== 'wal') throw unusable(path, 'its file system cannot hold a write-ahead log. Put it on a local disk.');
  connection.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`);
  // What is read again and again stays in memory, up to 128 MB; by default it is 2.
  connection.exec('PRAGMA cache_size = -131072');
  // On macOS alone, where a plain fsync leaves the data in the drive's cache.
  if (durability === 'power') connection.exec('PRAGMA fullfsync = ON');
}
