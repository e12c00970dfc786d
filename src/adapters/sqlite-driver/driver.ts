import { pathToFileURL } from 'node:url';
import { MissingPackageError } from '../../model/errors.js';

/** What may be bound. Anything else makes libsql abort the process. */
export type SqliteValue = string | number | Buffer;
export type SqliteRow = Readonly<Record<string, unknown>>;

export interface SqliteStatement {
  /** The first row. Parameters are `?`: node:sqlite takes numbered ones for named. */
  get(parameters: readonly SqliteValue[]): SqliteRow | undefined;
  all(parameters: readonly SqliteValue[]): SqliteRow[];
}

export interface SqliteConnection {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

/**
 * How a file is opened. `readOnly` sees the write-ahead log and other processes, and may write its shared index;
 * `immutable` touches nothing at all, and is right only for a file that nobody has open.
 */
export type SqliteMode = 'readWrite' | 'readOnly' | 'immutable';

/** The least that is common to the SQLite packages. All calls are synchronous. */
export interface SqliteDriver {
  open(path: string, mode: SqliteMode): SqliteConnection;
}

interface NodeStatement {
  get(...parameters: SqliteValue[]): SqliteRow | undefined;
  all(...parameters: SqliteValue[]): SqliteRow[];
}

/** What is used of `node:sqlite`, which the oldest Node that we run on has no types for. */
interface NodeSqlite {
  DatabaseSync: new (
    location: string | URL,
  ) => { exec(sql: string): void; prepare(sql: string): NodeStatement; close(): void };
}

/** From Node 22.15 on it opens URLs. In a variable, since TypeScript does not know it by name. */
const NODE_SQLITE: string = 'node:sqlite';

/**
 * Loads `node:sqlite` where this version of Node has it, and the package `libsql` otherwise.
 *
 * @throws MissingPackageError if there is neither
 */
export function loadSqliteDriver(nodeVersion: string = process.versions.node): Promise<SqliteDriver> {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 15) ? loadNodeSqlite() : loadLibsql();
}

async function loadNodeSqlite(): Promise<SqliteDriver> {
  const { DatabaseSync }: NodeSqlite = await import(NODE_SQLITE);
  return {
    open(path, mode) {
      const database = new DatabaseSync(mode === 'readWrite' ? path : readOnlyUrl(path, mode));
      return {
        exec: (sql) => database.exec(sql),
        prepare(sql) {
          const statement = database.prepare(sql);
          return {
            get: (parameters) => statement.get(...parameters),
            all: (parameters) => statement.all(...parameters),
          };
        },
        close: () => database.close(),
      };
    },
  };
}

async function loadLibsql(): Promise<SqliteDriver> {
  const { default: Database } = await import('libsql').catch((cause: unknown) => {
    throw new MissingPackageError('libsql', 'SQLite, on a Node before 22.15,', { cause });
  });
  return {
    open(path, mode) {
      const database = new Database(mode === 'readWrite' ? path : readOnlyUrl(path, mode).href);
      return {
        exec: (sql) => {
          database.exec(sql);
        },
        prepare(sql) {
          const statement = database.prepare(sql);
          return {
            get: (parameters) => statement.get([...parameters]) as SqliteRow | undefined,
            all: (parameters) => statement.all([...parameters]) as SqliteRow[],
          };
        },
        close: () => database.close(),
      };
    },
  };
}

function readOnlyUrl(path: string, mode: 'readOnly' | 'immutable'): URL {
  const url = pathToFileURL(path);
  url.search = mode === 'immutable' ? '?mode=ro&immutable=1' : '?mode=ro';
  return url;
}

const BUSY = 5;
const FULL = 13;

/** Whether the call failed because another connection has the database locked: it may be tried again. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === BUSY;
}

/** Whether the call failed because the disk, or the file's limit, is full. */
export function isFull(error: unknown): boolean {
  return resultCode(error) === FULL;
}

/** SQLite's primary result code: node:sqlite has the extended one as `errcode`, libsql as `rawCode`. */
function resultCode(error: unknown): number | undefined {
  const { errcode, rawCode } = error as { errcode?: unknown; rawCode?: unknown };
  const code = errcode ?? rawCode;
  return typeof code === 'number' ? code & 0xff : undefined;
}
