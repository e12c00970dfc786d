import { BackendFaultError, ClosedError } from '../../model/errors.js';
import { withDeadline } from '../../model/with-deadline.js';
import { secretBytes } from '../password-hashes/hash-password.js';
import { hashingQueue } from '../password-hashes/hashing-queue.js';
import { verifyInTurn } from '../password-hashes/verify-in-turn.js';
import type { AuthenticationOutcome, Authenticator, CallOptions, Credentials } from '../ports.js';
import { checkOptions } from './sql/check-options.js';
import { DecoyHashes } from './sql/decoy-hashes.js';
import { hashUpgrade } from './sql/hash-upgrade.js';
import { openUserTable } from './sql/open-user-table.js';
import type { SqlAuthenticatorOptions } from './sql/options.js';
import { columnsCheck, readUser, type StoredUser } from './sql/stored-user.js';
import type { FoundUser } from './sql/user-table.js';

export type { HashScheme } from '../password-hashes/secret-hash.js';
export type { PostgresqlOptions, SqlAuthenticatorOptions, SqliteOptions, SqlUsersOptions } from './sql/options.js';

/** An authenticator whose users are in a table of a database. */
export interface SqlAuthenticator extends Authenticator {
  /** Asks the query for a user whom nobody is, which shows whether it can be run and has the columns that it must. */
  probe(options: CallOptions): Promise<void>;
  /** Ends every connection, and an upgrade that is under way. */
  close(): Promise<void>;
}

/** Whoever is found for it is forgotten. */
const NOBODY = 'session-init-probe';

/**
 * Authenticates against a table of users in PostgreSQL or SQLite, by a query of yours that finds a user's hash. The asserted
 * name is bound as a parameter; the secret never gets to the database.
 *
 * No row is an unknown user, for whom a hash is verified all the same; two rows are a fault, and so is every value that could
 * mean more than one thing. A user who is disabled or has expired is denied as such if the secret is right. The database is
 * asked in transactions that only read, under a deadline that the server keeps, too.
 *
 * @throws ConfigurationError with every problem of the options
 *
 * @example
 * ```ts
 * import { sqlAuthenticator } from 'session-init/adapters/sql';
 *
 * const authenticator = sqlAuthenticator({
 *   dialect: 'postgresql',
 *   host: 'db.example.com',
 *   database: 'app',
 *   user: 'session_init',
 *   password: process.env['DB_PASSWORD'] ?? '',
 *   query: `SELECT password AS secret_hash, NOT active AS disabled FROM users WHERE name = $1`,
 * });
 * ```
 */
export function sqlAuthenticator(options: SqlAuthenticatorOptions): SqlAuthenticator {
  const settings = checkOptions(options);
  const { name, clock, timeout, claims, onWeakHash, onUpgradeError } = settings;
  const table = openUserTable(settings);
  const requireColumns = columnsCheck(settings);
  const decoys = new DecoyHashes(settings.decoyHash);
  const hashInTurn = hashingQueue({
    concurrency: settings.maxConcurrentVerifications,
    maxQueued: settings.maxQueuedVerifications,
    longestWait: timeout,
    clock,
  });
  const upgrade =
    settings.upgrade === undefined
      ? undefined
      : hashUpgrade({ name, table, clock, timeout, hashInTurn, onError: (error) => tell(onUpgradeError, error) });
  let isClosed = false;

  function userIn({ row, isAmbiguous, columns }: FoundUser, username: string): StoredUser | undefined {
    if (columns !== undefined) requireColumns(columns);
    if (isAmbiguous) {
      throw new BackendFaultError(
        `${name} found a user name more than once, and cannot say who is meant. Make the query find one row.`,
      );
    }
    return row && readUser(row, { name, username, claims });
  }

  async function decide({ username, secret }: Credentials, call: CallOptions): Promise<AuthenticationOutcome> {
    const user = canBeStored(username) ? userIn(await table.find(username, call), username) : undefined;
    const bytes = secretBytes(secret);
    const hash = decoys.hashFor(username, user?.hash);
    const matches = bytes !== undefined && (await verifyInTurn(hashInTurn, hash, bytes, call));
    if (user === undefined) return { outcome: 'denied', cause: 'unknownUser' };
    if (user.hash === undefined) return { outcome: 'denied', cause: 'noSecret' };
    if (!matches) return { outcome: 'denied', cause: 'wrongSecret' };
    if (user.disabled) return { outcome: 'denied', cause: 'disabled' };
    if (user.expiresAt <= clock.now()) return { outcome: 'denied', cause: 'expired' };
    if (user.hash.weak) {
      tell(onWeakHash, { user: user.identity.user, scheme: user.hash.scheme });
      upgrade?.start(username, secret, user.hash);
    }
    return { outcome: 'authenticated', ...user.identity };
  }

  function withinTimeout<Result>(
    what: string,
    caller: CallOptions,
    run: (call: CallOptions) => Promise<Result>,
  ): Promise<Result> {
    if (isClosed) return Promise.reject(new ClosedError(name));
    return withDeadline(clock, timeout, `${name}.${what}`, run, caller);
  }

  return {
    name,

    authenticate(credentials, callOptions) {
      return withinTimeout('authenticate', callOptions, (call) => decide(credentials, call));
    },

    async probe(callOptions) {
      await withinTimeout('probe', callOptions, async (call) => {
        userIn(await table.find(NOBODY, call), NOBODY);
      });
    },

    async close() {
      isClosed = true;
      await upgrade?.close();
      await table.close();
    },
  };
}

/** libsql cuts a text at a NUL, PostgreSQL refuses one, and a lone surrogate would be sent as U+FFFD. */
function canBeStored(username: string): boolean {
  return username.isWellFormed() && !username.includes('\0');
}

function tell<Value>(callback: ((value: Value) => void) | undefined, value: Value): void {
  try {
    callback?.(value);
  } catch {
    // A listener is not part of the authentication, and must not make it fail.
  }
}
