import type { Clock } from '../../../model/clock.js';
import type { SessionInitError } from '../../../model/errors.js';
import type { HashScheme } from '../../password-hashes/secret-hash.js';
import type { PostgresqlServerOptions } from '../../postgres-client/server-options.js';

/** Options of {@link sqlAuthenticator}: how users are found, and in which database. */
export type SqlAuthenticatorOptions = SqlUsersOptions & (PostgresqlOptions | SqliteOptions);

/** How users are found. What a callback throws is ignored. */
export interface SqlUsersOptions {
  /**
   * A `SELECT` that finds a user by one parameter, the asserted name: `$1` in PostgreSQL, `?` in SQLite. Its columns:
   *
   * - `secret_hash`: as in a users file; NULL is a user without a secret, whom nobody can be
   * - `user`, if it is there: who the user is, as text or an integer. Without it, it is the asserted name as it was spelt.
   * - `groups`: an array, JSON, or a text with commas; NULL is none
   * - `disabled`: a boolean, 0 or 1; NULL is no
   * - `expires_at`: a time, in UTC unless it has a zone, or seconds since 1970; NULL is never
   */
  query: string;
  /** Columns of `query` that become `claims`. What is NULL is left out. @defaultValue none */
  claims?: readonly string[];
  /**
   * An `UPDATE` of the hash of a user who has proved a secret whose hash is weaker than argon2id at OWASP's parameters. It
   * has three parameters, in this order: the new hash, the asserted name, and the old hash, which it must compare, so that
   * a secret that was changed meanwhile stays (`$1` to `$3`, or three `?`). It runs after the user was let in, one at a
   * time, and is undone if it changes more than one row.
   *
   * @defaultValue hashes stay as they are
   */
  upgrade?: string;
  /**
   * A hash such as most users have. It is verified for unknown users, so that they take as long as known ones, until some
   * known ones have been seen.
   *
   * @defaultValue one by argon2id at OWASP's parameters
   */
  decoyHash?: string;
  /** Is told each time a user has proved a secret whose hash is weaker than argon2id at OWASP's parameters. */
  onWeakHash?: (weak: { user: string; scheme: HashScheme }) => void;
  /** Is told of an `upgrade` that failed. The user was let in. */
  onUpgradeError?: (error: SessionInitError) => void;

  /** What the authenticator is called, in messages and in the paths of compositions. @defaultValue `'sql'` */
  name?: string;
  /** Milliseconds for one call, from the wait for a connection to the verified secret. @defaultValue 4000 */
  timeout?: number;
  /**
   * How many secrets are verified at once. argon2id and bcrypt take a thread of libuv's pool each, of which there are
   * four unless `UV_THREADPOOL_SIZE` says otherwise, and which files and DNS need too.
   *
   * @defaultValue one more than there are cores, and 3 at most
   */
  maxConcurrentVerifications?: number;
  /**
   * How many more may wait, before an init is refused as `overloaded`. One that would have to wait for longer than `timeout`
   * is refused as well.
   *
   * @defaultValue 200
   */
  maxQueuedVerifications?: number;
  /** @defaultValue the system's clock */
  clock?: Clock;
}

/** Users in PostgreSQL. No environment variable and no file says anything about the connection. */
export interface PostgresqlOptions extends PostgresqlServerOptions {
  dialect: 'postgresql';
  /** The account that asks. It needs no more than `SELECT`, and what `upgrade` needs. */
  user: string;
  /** Milliseconds after which a connection that nobody uses is closed. @defaultValue 60000 */
  idleTimeout?: number;
}

/** Users in a SQLite file. */
export interface SqliteOptions {
  dialect: 'sqlite';
  /** The file. It is opened to be read, anew within a millisecond of another taking its place, and written to by `upgrade` alone. */
  path: string;
}
