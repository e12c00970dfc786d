import type { Clock } from '../../../model/clock.js';
import { ClosedError } from '../../../model/errors.js';
import { type Connections, connections } from '../../postgres-client/connections.js';
import type { Remedies } from '../../postgres-client/postgresql-fault.js';
import type { PostgresqlServer } from '../../postgres-client/server-options.js';
import { type Calls, callsOn } from './calls.js';
import { isMigrated, MIGRATION_TIMEOUT, migrate } from './migrate.js';
import { VALUES } from './values.js';

export interface SchemaConnectionOptions {
  /** Whose calls these are, in messages. */
  readonly name: string;
  /** What that is: `The session manager postgres`. */
  readonly part: string;
  readonly server: PostgresqlServer;
  readonly schema: string;
  /** Milliseconds for one call. */
  readonly timeout: number;
  readonly clock: Clock;
}

/** Connections to a database in which the schema is up to date when it is first used. */
export interface SchemaConnection {
  readonly pool: Connections;
  /** Does not wait for the schema. */
  readonly call: Calls;
  /** @throws ClosedError after `close` */
  requireOpen(): void;
  /** Connects, and creates or migrates the schema. @returns undefined if that is done */
  ready(): Promise<void> | undefined;
  close(): Promise<void>;
}

export const REMEDIES: Remedies = {
  '25006': 'It is read-only: a standby, or in the middle of a failover. Connect to the primary.',
  '42501':
    'user lacks a right. Let the owner of the schema open it once, and grant user the rights that the docs name.',
  '42P07': 'The schema has tables that session-init has not made. Name another schema.',
  '42P01': 'A table of the schema has gone. Restore the schema, or drop it and restart.',
  '42883': 'A function of the schema has gone. Restore the schema, or drop it and restart.',
  '53100': 'Its disk is full. Free some space.',
  '53200': 'It is out of memory.',
  '57014': 'It took longer than timeout.',
};

export function schemaConnection(options: SchemaConnectionOptions): SchemaConnection {
  const { name, part, server, schema, timeout, clock } = options;
  const pool = connections({
    ...server,
    name,
    neededBy: part,
    settings: settingsOf(timeout),
    types: () => VALUES,
    remedies: REMEDIES,
    clock,
    pausesAfterFailure: true,
  });
  const call = callsOn({ name, clock, connections: pool, remedies: REMEDIES });
  let opening: Promise<void> | undefined;
  let isMigrationDone = false;
  let isClosed = false;

  function requireOpen(): void {
    if (isClosed) throw new ClosedError(part);
  }

  async function openSchema(): Promise<void> {
    if (!(await call({ what: 'open', timeout }, (client) => isMigrated(client, schema)))) {
      await call({ what: 'migrate', timeout: MIGRATION_TIMEOUT }, (client) => migrate(client, schema));
    }
    isMigrationDone = true;
  }

  return {
    pool,
    call,
    requireOpen,

    ready() {
      if (isMigrationDone) return undefined;
      opening ??= openSchema().catch((cause: unknown) => {
        opening = undefined;
        throw cause;
      });
      return opening;
    },

    async close() {
      isClosed = true;
      await pool.close();
    },
  };
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
