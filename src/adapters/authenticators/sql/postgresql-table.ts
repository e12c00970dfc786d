import { ClosedError, OverloadedError } from '../../../model/errors.js';
import type { Secret } from '../../../model/secret.js';
import { Slots } from '../../../model/slots.js';
import { guardedClient } from './guarded-client.js';
import { loadPg } from './load-pg.js';
import type { PostgresqlOptions } from './options.js';
import { isImpossibleName, postgresqlFault } from './postgresql-fault.js';
import { postgresqlTypes } from './postgresql-types.js';
import { atMostTwo } from './statement.js';
import { tooManyRows } from './too-many-rows.js';
import type { UserTable } from './user-table.js';

/** What a table in PostgreSQL is opened with. */
export interface PostgresqlTableOptions extends Required<Omit<PostgresqlOptions, 'dialect' | 'password' | 'ca'>> {
  readonly ca?: PostgresqlOptions['ca'];
  readonly password: Secret | undefined;
  readonly name: string;
  readonly query: string;
  readonly upgrade?: string;
  readonly timeout: number;
}

type Client = import('pg').PoolClient;

/** A table in PostgreSQL: a bounded pool of connections that are made as they are needed, and dropped as they fail. */
export function postgresqlTable(options: PostgresqlTableOptions): UserTable {
  const { name, maxConnections, maxQueued } = options;
  const slots = new Slots(maxConnections);
  const opened = new Set<import('pg').Client>();
  const statement = { name: 'session-init-user', text: atMostTwo(options.query) };
  let opening: Promise<import('pg').Pool> | undefined;
  let isClosed = false;

  function pool(): Promise<import('pg').Pool> {
    opening ??= loadPg(name).then(
      (pg) => openPool(pg, options, opened),
      (cause: unknown) => {
        opening = undefined;
        throw cause;
      },
    );
    return opening;
  }

  async function takeTurn(signal: AbortSignal): Promise<void> {
    if (slots.take()) return;
    if (slots.waiting >= maxQueued) {
      throw new OverloadedError(`${maxQueued} calls of ${name} wait for a connection already. Try again later.`);
    }
    await slots.acquire({ signal });
  }

  /** Runs statements on a connection, which ends with the signal, and if they fail otherwise than `isHarmless` says. */
  async function onConnection<Result>(
    signal: AbortSignal,
    run: (client: Client) => Promise<Result>,
    isHarmless: (error: unknown) => boolean,
  ): Promise<Result> {
    await takeTurn(signal);
    try {
      signal.throwIfAborted();
      const client = await (await pool()).connect();
      let isHeld = true;
      const release = (error?: Error) => {
        if (isHeld) client.release(error);
        isHeld = false;
      };
      const abort = () => release(new Error('Nobody waits any more.'));
      signal.addEventListener('abort', abort, { once: true });
      try {
        signal.throwIfAborted();
        return await run(client);
      } catch (error) {
        if (!isHarmless(error)) release(error as Error);
        throw error;
      } finally {
        signal.removeEventListener('abort', abort);
        release();
      }
    } catch (cause) {
      if (isClosed) throw new ClosedError(name);
      signal.throwIfAborted();
      if (isHarmless(cause)) throw cause;
      throw postgresqlFault(name, cause);
    } finally {
      slots.release();
    }
  }

  return {
    async find(username, { signal }) {
      const values = [username];
      try {
        const { rows, fields } = await onConnection(
          signal,
          (client) => client.query({ ...statement, values }),
          isImpossibleName,
        );
        return { rows, columns: fields.map((field) => field.name) };
      } catch (error) {
        if (isImpossibleName(error)) return { rows: [] };
        throw error;
      }
    },

    async changeHash({ username, from, to }, { signal }) {
      const upgrade = { text: options.upgrade ?? '', values: [to, username, from] };
      await onConnection(
        signal,
        async (client) => {
          await client.query({ text: 'BEGIN READ WRITE' });
          const { rowCount } = await client.query(upgrade);
          if ((rowCount ?? 0) > 1) throw tooManyRows(name, rowCount);
          await client.query({ text: 'COMMIT' });
        },
        () => false,
      );
    },

    async close() {
      if (isClosed) return;
      isClosed = true;
      const ended = opening?.then((pool) => pool.end()).catch(() => {});
      for (const { connection } of opened) connection.stream.destroy();
      await ended;
    },
  };
}

function openPool(
  pg: typeof import('pg'),
  options: PostgresqlTableOptions,
  opened: Set<import('pg').Client>,
): import('pg').Pool {
  const { tls, ca, timeout, password } = options;
  const pool = new pg.Pool({
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    password: () => password?.reveal(),
    ssl:
      tls === 'off'
        ? false
        : { minVersion: 'TLSv1.2', rejectUnauthorized: tls === 'verified', ...(ca && { ca: [ca].flat() }) },
    // Times without a zone are in UTC. It can only read, unless a transaction says otherwise.
    options: `-c statement_timeout=${timeout} -c timezone=UTC -c datestyle=ISO -c default_transaction_read_only=on`,
    application_name: 'session-init',
    client_encoding: 'UTF8',
    keepAlive: true,
    types: postgresqlTypes(pg),
    max: options.maxConnections,
    connectionTimeoutMillis: options.connectTimeout,
    idleTimeoutMillis: options.idleTimeout,
    Client: guardedClient(pg, opened),
  });
  // An idle connection that fails has left the pool already.
  pool.on('error', () => {});
  return pool;
}
