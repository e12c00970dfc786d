import { resolve } from 'node:path';
import { type Clock, systemClock } from '../../model/clock.js';
import { BackendFaultError, ClosedError, ConfigurationError, SessionInitError } from '../../model/errors.js';
import type { CallOptions, SessionManager } from '../ports.js';
import { SessionLifetime, type SessionLifetimeOptions } from '../session-lifetime.js';
import { sessionTime } from '../session-time.js';
import { type SqlDatabase, sqlSessionManager } from '../sql-sessions/sql-session-manager.js';
import { isFull } from '../sqlite-driver/driver.js';
import { type BusyQueue, whileBusy } from '../sqlite-driver/while-busy.js';
import { openDatabase } from './sqlite/open-database.js';
import { isWriting, SessionStore } from './sqlite/session-store.js';

/** Options of {@link sqliteSessionManager}. */
export interface SqliteSessionManagerOptions extends SessionLifetimeOptions {
  /**
   * The database file. It is created, with mode 0600, if it does not exist; its folder must exist, be writable, and
   * should be for this user alone. A relative path starts at the working directory.
   */
  path: string;
  /**
   * What a session that was acknowledged survives. `process`: the end of the process by any means, `kill -9` included.
   * `power`: the loss of power and a crash of the operating system as well; each creation then waits for the disk.
   *
   * @defaultValue `'process'`
   */
  durability?: 'process' | 'power';
  /**
   * For how many milliseconds a call waits while another process has the database locked, unless its signal is aborted
   * before. The event loop goes on meanwhile.
   *
   * @defaultValue 5000
   */
  lockTimeout?: number;
  /** Where all time comes from. @defaultValue the machine's own clock */
  clock?: Clock;
}

/** A session manager that can be opened ahead of its first call. */
export interface SqliteSessionManager extends SessionManager {
  /**
   * Opens the database now, rather than with the first call, so that a service learns at its start whether it can be
   * used. Harmless if it is open; after a failure it can be called again.
   *
   * @throws ConfigurationError if the database cannot be used, saying why: it is read-only, damaged, of a later version
   *   or another application; it is then left untouched
   * @throws MissingPackageError if this Node has no `node:sqlite` of 22.15 or later, and `libsql` is not installed
   */
  open(): Promise<void>;
}

/**
 * Keeps the sessions in a SQLite file, which the processes of one machine may share. They survive restarts.
 *
 * Time-outs go by the wall clock, except that it never goes back, nor behind the latest use of a session when the
 * database is opened: where it is set back, time goes on by the monotonic clock. Calls to SQLite are synchronous and
 * short. The orchestrator calls `removeExpired`; who uses this alone must.
 *
 * @throws ConfigurationError if an option cannot work. What is wrong with the file shows when it is opened.
 */
export function sqliteSessionManager(options: SqliteSessionManagerOptions): SqliteSessionManager {
  const lifetime = new SessionLifetime(options, ['path', 'durability', 'lockTimeout', 'clock']);
  const { durability = 'process', clock = systemClock, lockTimeout = 5_000 } = options;
  const path = databasePath(options.path);
  if (!['process', 'power'].includes(durability)) throw new ConfigurationError('durability must be process or power.');
  if (!(lockTimeout >= 0)) throw new ConfigurationError(`lockTimeout must be at least 0, and is ${lockTimeout}.`);
  const { now, continueFrom } = sessionTime(clock);
  let opening: Promise<SessionStore> | undefined;
  let closing: Promise<void> | undefined;

  function opened(): Promise<SessionStore> {
    opening ??= openDatabase(path, durability, { clock, patience: lockTimeout })
      .then((connection) => {
        const store = new SessionStore(connection);
        continueFrom(store.latestUse());
        return store;
      })
      .catch((cause: unknown) => {
        opening = undefined;
        throw cause;
      });
    return opening;
  }

  function requireOpen(): void {
    if (closing !== undefined) throw new ClosedError('The SQLite session manager');
  }

  /** Only who writes waits for a lock: who reads waits for nobody. */
  const writers: BusyQueue = {};

  async function run<Result>(
    work: (store: SessionStore) => Result,
    callOptions?: CallOptions,
    queue?: BusyQueue,
  ): Promise<Result> {
    requireOpen();
    const signal = callOptions?.signal;
    signal?.throwIfAborted();
    const store = await opened();
    const attempt = () => {
      requireOpen();
      return work(store);
    };
    return whileBusy(attempt, {
      clock,
      patience: lockTimeout,
      caller: signal && { signal },
      ...(queue && { queue }),
    }).catch((cause: unknown) => {
      throw cause === signal?.reason ? cause : asFault(cause);
    });
  }

  function asFault(cause: unknown): unknown {
    if (cause instanceof SessionInitError) return cause;
    const problem = isFull(cause) ? 'its disk is full. Free some space' : (cause as Error).message;
    return new BackendFaultError(`The session database ${path} failed: ${problem}.`, { cause });
  }

  const database: SqlDatabase = {
    requireOpen,
    run: (operation, parameters, callOptions) =>
      run((store) => store.run(operation, parameters()), callOptions, isWriting(operation) ? writers : undefined),
  };

  return {
    name: 'sqlite',
    open: () => run(() => {}),
    ...sqlSessionManager(database, lifetime, now),

    close() {
      closing ??= (opening ?? Promise.resolve(undefined)).then(
        (store) => store?.close(),
        () => {},
      );
      return closing;
    },
  };
}

function databasePath(path: string): string {
  if (path === '' || path === ':memory:') {
    throw new ConfigurationError('path must name a file. To keep sessions in memory, use memorySessionManager.');
  }
  return resolve(path);
}
