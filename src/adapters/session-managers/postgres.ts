import type { Clock } from '../../model/clock.js';
import { BackendFaultError } from '../../model/errors.js';
import { abortableOf } from '../../model/lazy-signal.js';
import { newId } from '../../model/new-id.js';
import type { SessionManager } from '../ports.js';
import type { Client } from '../postgres-client/connections.js';
import { sessionTime } from '../session-time.js';
import { valuesOf } from '../sql-sessions/named-parameters.js';
import { type SqlDatabase, sqlSessionManager } from '../sql-sessions/sql-session-manager.js';
import { EndListener } from './postgres/end-listener.js';
import { LostCreations } from './postgres/lost-creations.js';
import { checkOptions, type PostgresSessionManagerOptions } from './postgres/options.js';
import { REMEDIES, schemaConnection } from './postgres/schema-connection.js';
import { preparedStatements } from './postgres/statements.js';
import { channelOf } from './postgres/told-ends.js';
import { type StoreTime, storeTime } from './store-time.js';

export type { PostgresqlServerOptions } from '../postgres-client/server-options.js';
export type { PostgresqlUrlOptions } from '../postgres-client/server-url.js';
export {
  type PostgresGuessStore,
  type PostgresGuessStoreOptions,
  postgresGuessStore,
} from './postgres/guess-store.js';
export type {
  PostgresLocation,
  PostgresSchemaOptions,
  PostgresSessionManagerOptions,
  PostgresSessionOptions,
} from './postgres/options.js';
export { type PostgresUsedSteps, type PostgresUsedStepsOptions, usedStepsInPostgres } from './postgres/used-steps.js';

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
const PART = 'The session manager postgres';

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
  const node = newId();
  const own = { node };
  const statements = preparedStatements(schema);
  const connection = schemaConnection({ name: NAME, part: PART, server, schema, timeout, clock });
  const { pool, call, requireOpen } = connection;
  const time = timeFrom === 'clock' ? timeOf(clock) : storeTime(readTime, clock);
  const ends = new EndListener({ clock, node, channel: channelOf(schema), connect: () => pool.single() });
  const lost = new LostCreations({ clock, delay: timeout + 1_000, remove: removeByHashes });

  function ready(): Promise<void> | undefined {
    const opening = connection.ready();
    return opening === undefined ? time.ready() : opening.then(() => time.ready());
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
    async run(operation, parameters, callOptions) {
      requireOpen();
      const caller = callOptions && abortableOf(callOptions);
      caller?.throwIfAborted();
      const statement = statements[operation];
      const { name, text } = statement;
      const ask = (client: Client) => client.query({ name, text, values: valuesOf(statement, parameters(), own) });
      const toDo = { what: operation, timeout, caller, ready };
      if (operation !== lifetime.limitPolicy) return (await call(toDo, ask)).rows;
      const { hash } = parameters();
      const creating = lost.unlessAnswered(hash as Buffer, (send) => call(toDo, (client) => send(() => ask(client))));
      return (await creating).rows;
    },
  };

  return {
    name: NAME,
    async open() {
      requireOpen();
      await ready();
    },
    ...sqlSessionManager(database, lifetime, () => time.now()),

    watch(listener) {
      requireOpen();
      return ends.add(listener);
    },

    async probe(callOptions) {
      requireOpen();
      const caller = abortableOf(callOptions);
      const text = 'SELECT pg_is_in_recovery() AS "isStandby"';
      const { rows } = await call({ what: 'probe', timeout, caller }, (client) => client.query({ text }));
      const isStandby = rows[0]?.['isStandby'] !== false;
      if (isStandby) throw new BackendFaultError(`${NAME} has reached PostgreSQL. ${REMEDIES['25006']}`);
    },

    async close() {
      ends.close();
      lost.close();
      await connection.close();
    },
  };
}

function timeOf(clock: Clock): StoreTime {
  const { now } = sessionTime(clock);
  return { now, ready: () => undefined };
}
