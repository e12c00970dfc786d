import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '../../../model/clock.js';
import { BackendFaultError, ClosedError, SessionInitError } from '../../../model/errors.js';
import type { JsonObject } from '../../../model/json.js';
import { abortableOf } from '../../../model/lazy-signal.js';
import type { CallOptions } from '../../ports.js';
import {
  loadSqliteDriver,
  type SqliteConnection,
  type SqliteDriver,
  type SqliteRow,
  type SqliteStatement,
} from '../../sqlite-driver/driver.js';
import { whileBusy } from '../../sqlite-driver/while-busy.js';
import { countedToTwo, ROW_COUNT } from './statement.js';
import { tooManyRows } from './too-many-rows.js';
import type { FoundUser, UserTable } from './user-table.js';

/** What a table in SQLite is opened with. */
export interface SqliteTableOptions {
  readonly path: string;
  readonly name: string;
  readonly query: string;
  readonly upgrade?: string;
  readonly timeout: number;
  readonly clock: Clock;
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file.',
  // Of node:sqlite; libsql rounds it, which shows where it is read.
  ERR_OUT_OF_RANGE: 'A column holds a number that is not exact. Cast it to text.',
};

/** Milliseconds until the file is looked for again: the calls of a moment ask the system once. */
const LOOK_AGAIN = 1;

interface OpenFile {
  readonly identity: string;
  /** By the monotonic clock. */
  lookAgainAt: number;
  readonly connection: SqliteConnection;
  readonly statement: SqliteStatement;
}

/** libsql puts how long it took beside the columns, and in the place of one of that name. */
const OF_THE_DRIVER = '_metadata';

function foundUser(row: SqliteRow): FoundUser {
  const count = Number(row[ROW_COUNT]);
  return {
    row: count === 0 ? undefined : (row as JsonObject),
    isAmbiguous: count > 1,
    columns: Object.keys(row).filter((column) => column !== ROW_COUNT && column !== OF_THE_DRIVER),
  };
}

/** A table in a SQLite file. Calls to SQLite are synchronous, so that the query had better have an index. */
export function sqliteTable({ name, query, upgrade = '', timeout, clock, ...options }: SqliteTableOptions): UserTable {
  const path = resolve(options.path);
  let loading: Promise<SqliteDriver> | undefined;
  let driver: SqliteDriver | undefined;
  let open: OpenFile | undefined;
  let isClosed = false;

  async function load(): Promise<SqliteDriver> {
    loading ??= loadSqliteDriver().catch((cause: unknown) => {
      loading = undefined;
      throw cause;
    });
    driver = await loading;
    return driver;
  }

  function closeFile(): void {
    open?.connection.close();
    open = undefined;
  }

  /** The file that is there now: one that was put in the place of another holds other users. */
  function currentFile(driver: SqliteDriver): OpenFile {
    const now = clock.monotonic();
    if (open !== undefined && now < open.lookAgainAt) return open;
    const { dev, ino } = statSync(path);
    const identity = `${dev} ${ino}`;
    const lookAgainAt = now + LOOK_AGAIN;
    if (open?.identity === identity) {
      open.lookAgainAt = lookAgainAt;
      return open;
    }
    closeFile();
    const connection = driver.open(path, 'readOnly');
    try {
      open = { identity, lookAgainAt, connection, statement: connection.prepare(countedToTwo(query)) };
      return open;
    } catch (cause) {
      connection.close();
      throw cause;
    }
  }

  /** Runs synchronous work, again while another process has the file locked. */
  async function onFile<Result>(caller: CallOptions, work: (driver: SqliteDriver) => Result): Promise<Result> {
    const loaded = driver ?? (await load());
    const unlessClosed = () => {
      if (isClosed) throw new ClosedError(name);
      return work(loaded);
    };
    try {
      return await whileBusy(unlessClosed, { clock, patience: timeout, caller });
    } catch (cause) {
      abortableOf(caller).throwIfAborted();
      if (cause instanceof SessionInitError) throw cause;
      closeFile();
      const { code } = cause as NodeJS.ErrnoException;
      const remedy = REMEDIES[String(code)] ?? 'See the cause, and check the statement.';
      throw new BackendFaultError(`${name} cannot use the SQLite file ${path}. ${remedy}`, { cause });
    }
  }

  return {
    find: (username, caller) =>
      onFile(caller, (loaded) => foundUser(currentFile(loaded).statement.get([username]) as SqliteRow)),

    async changeHash({ username, from, to }, caller) {
      await onFile(caller, (loaded) => {
        statSync(path); // which SQLite would make if it were not there
        const connection = loaded.open(path, 'readWrite');
        try {
          connection.exec('BEGIN IMMEDIATE');
          connection.prepare(upgrade).all([to, username, from]);
          const count = connection.prepare('SELECT changes() AS count').get([])?.['count'];
          if (Number(count) > 1) throw tooManyRows(name, count);
          connection.exec('COMMIT');
        } finally {
          // What was not committed is undone.
          connection.close();
        }
      });
    },

    async close() {
      isClosed = true;
      closeFile();
    },
  };
}
