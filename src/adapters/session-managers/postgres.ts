import { nanoid } from 'nanoid';
import type { Clock } from '../../model/clock.js';
import { BackendFaultError, ClosedError } from '../../model/errors.js';
import type { SessionManager } from '../ports.js';
import { connections } from '../postgres-client/connections.js';
import { isRefusedByServer, type Remedies } from '../postgres-client/postgresql-fault.js';
import { sessionTime } from '../session-time.js';
import { valuesOf } from '../sql-sessions/named-parameters.js';
import { type SqlDatabase, sqlSessionManager } from '../sql-sessions/sql-session-manager.js';
import type { SqlParameters } from '../sql-sessions/statements.js';
import { callsOn } from './postgres/calls.js';
import { EndListener } from './postgres/end-listener.js';
import { LostCreations } from './postgres/lost-creations.js';
import { isMigrated, MIGRATION_TIMEOUT, migrate } from './postgres/migrate.js';
import { checkOptions, type PostgresSessionManagerOptions } from './postgres/options.js';
import { preparedStatements } from './postgres/statements.js';
import { channelOf } from './postgres/told-ends.js';
import { VALUES } from './postgres/values.js';
import { type StoreTime, storeTime } from './store-time.js';

export type { PostgresqlServerOptions } from '../postgres-client/server-options.js';
export type { PostgresqlUrlOptions } from '../postgres-client/server-url.js';
export type { PostgresSessionManagerOptions, PostgresSessionOptions } from './postgres/options.js';

/** A session manager that can be opened ahead of its first call. */
export interface PostgresSessionManager extends SessionManager {
  /**
   * Connects, and creates or migrates the schema, now rather than with the first call, so that a service learns at its start
   * whether the database can be used. Harmless if it is open; after a failure it can be called again.
   *
   * @throws ConfigurationError if a later version of this package has written the schema
   * @throws MissingPackageError if `pg` is not installed
   * @throws BackendFaultError if the database cannot be used, saying why
   */
  open(): Promise<void>;
  watch: NonNullable<SessionManager['watch']>;
  probe: NonNullable<SessionManager['probe']>;
  close(): Promise<void>;
}

const NAME = 'postgres';

const REMEDIES: Remedies = {
  '25006': 'It is read-only: a standby, or in the middle of a failover. Connect to the primary.',
  '42501':
    'user lacks a right. Let the owner of the schema open it once, and grant user the rights that the docs name.',
  '42P07': 'The schema has tables that session-init has not made. Name another schema.',
  '42P01': 'A table of the schema has gone. Restart to have it made again.',
  '42883': 'A function of the schema has gone. Restore the schema, or name another one.',
  '53100': 'Its disk is full. Free some space.',
  '53200': 'It is out of memory.',
  '57014': 'It took longer than timeout.',
};

/**
 * Keeps the sessions in PostgreSQL, which any number of nodes may share. Each call is one statement that is prepared once
 * for each connection, creations included.
 *
 * Time-outs go by the clock of the database server. The orchestrator calls `removeExpired`; who uses this alone must.
 *
 * @throws ConfigurationError with every problem of the options. What is wrong with the database shows when it is opened.
 *
 * @example
 * ```ts
 * import { postgresSessionManager } from 'session-init/adapters/postgres';
 *
 * const sessionManager = postgresSessionManager({
 *   host: 'db.example.com',
 *   database: 'app',
 *   user: 'session_init',
 *   password: process.env['DB_PASSWORD'] ?? '',
 * });
 * await sessionManager.open();
 * ```
 */
export function postgresSessionManager(options: PostgresSessionManagerOptions): PostgresSessionManager {
  const { server, lifetime, schema, timeout, timeFrom, clock } = checkOptions(options);
  const node = nanoid();
  const statements = preparedStatements(schema);
  const pool = connections({
    ...server,
    name: NAME,
    neededBy: 'The session manager postgres',
    settings: settingsOf(timeout),
    types: () => VALUES,
    remedies: REMEDIES,
    pauseBy: clock,
  });
  const call = callsOn({ name: NAME, clock, connections: pool, remedies: REMEDIES });
  const time = timeFrom === 'clock' ? timeOf(clock) : storeTime(readTime, clock);
  const ends = new EndListener({ clock, node, channel: channelOf(schema), connect: () => pool.single() });
  const lost = new LostCreations({ clock, delay: timeout + 1_000, remove: removeByHashes });
  let opening: Promise<void> | undefined;
  let isMigrationDone = false;
  let isClosed = false;

  function requireOpen(): void {
    if (isClosed) throw new ClosedError('The PostgreSQL session manager');
  }

  function opened(): Promise<void> {
    requireOpen();
    opening ??= openSchema().catch((cause: unknown) => {
      opening = undefined;
      throw cause;
    });
    return opening;
  }

  async function openSchema(): Promise<void> {
    if (!(await call({ what: 'open', timeout }, (client) => isMigrated(client, schema)))) {
      await call({ what: 'migrate', timeout: MIGRATION_TIMEOUT }, (client) => migrate(client, schema));
    }
    isMigrationDone = true;
  }

  function ready(): Promise<void> | undefined {
    return isMigrationDone ? time.ready() : opened().then(() => time.ready());
  }

  async function readTime(): Promise<number> {
    const text = 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now';
    const { rows } = await call({ what: 'time', timeout }, (client) => client.query({ text }));
    return rows[0]?.['now'] as number;
  }

  async function removeByHashes(hashes: readonly Buffer[]): Promise<void> {
    const { name, text } = statements.removeByHashes;
    await call({ what: 'remove', timeout, ready }, (client) => client.query({ name, text, values: [hashes, node] }));
  }

  const database: SqlDatabase = {
    requireOpen,
    async run(operation, parameters, { signal: caller } = {}) {
      requireOpen();
      caller?.throwIfAborted();
      const statement = statements[operation];
      const { name, text } = statement;
      let sent: SqlValues | undefined;
      try {
        return await call({ what: operation, timeout, caller, ready }, async (client) => {
          const values = { ...parameters(), node };
          sent = values;
          try {
            return (await client.query({ name, text, values: valuesOf(statement, values) })).rows;
          } catch (cause) {
            if (isRefusedByServer(cause)) sent = undefined;
            throw cause;
          }
        });
      } catch (cause) {
        if (operation === lifetime.limitPolicy && sent?.hash !== undefined) lost.add(sent.hash);
        throw cause;
      }
    },
  };

  return {
    name: NAME,
    open: () => opened().then(() => time.ready()),
    ...sqlSessionManager(database, lifetime, () => time.now()),

    watch(listener) {
      requireOpen();
      return ends.add(listener);
    },

    async probe({ signal: caller }) {
      requireOpen();
      const text = 'SELECT pg_is_in_recovery() AS "isStandby"';
      const { rows } = await call({ what: 'probe', timeout, caller }, (client) => client.query({ text }));
      if (rows[0]?.['isStandby'] === true)
        throw new BackendFaultError(`${NAME} is connected to a standby. ${REMEDIES['25006']}`);
    },

    async close() {
      isClosed = true;
      ends.close();
      lost.close();
      await pool.close();
    },
  };
}

type SqlValues = Readonly<Partial<SqlParameters>>;

function timeOf(clock: Clock): StoreTime {
  const { now } = sessionTime(clock);
  return { now, ready: () => undefined };
}

/** Settings of each connection. */
function settingsOf(timeout: number) {
  return {
    statement_timeout: timeout,
    idle_in_transaction_session_timeout: MIGRATION_TIMEOUT,
    default_transaction_isolation: 'read committed',
    bytea_output: 'hex',
    search_path: 'pg_catalog',
    // There is one good plan for each statement, and it goes by an index, whatever the table looked like when it was made.
    plan_cache_mode: 'force_generic_plan',
    enable_seqscan: 'off',
    jit: 'off',
  };
}
