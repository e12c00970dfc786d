import type { Clock } from '../../model/clock.js';
import { ClosedError, OverloadedError } from '../../model/errors.js';
import { Slots } from '../../model/slots.js';
import { type GuardedClient, guardedClient } from './guarded-client.js';
import { loadPg } from './load-pg.js';
import { postgresqlFault, type Remedies } from './postgresql-fault.js';
import { ReconnectPause } from './reconnect-pause.js';
import type { PostgresqlServer } from './server-options.js';

/** What connections are made with. */
export interface ConnectionsOptions extends PostgresqlServer {
  /** Whose they are, for messages. */
  readonly name: string;
  /** Who needs the package, if it is not installed. */
  readonly neededBy: string;
  /** Settings of PostgreSQL that hold for each connection. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** How values are read. */
  readonly types: (pg: typeof import('pg')) => import('pg').Types;
  readonly remedies: Remedies;
  /** Makes attempts to connect pause after one that failed, by this clock. Without it, each call tries anew. */
  readonly pauseBy?: Clock;
}

/** Who waits for a call. */
export interface CallSignals {
  /** Ends the wait for a connection. */
  readonly caller: AbortSignal;
  /** Ends the connection, too. */
  readonly deadline: AbortSignal;
}

export type Client = import('pg').Client;

/** A bounded pool of connections that are made as they are needed, and dropped as they fail. */
export interface Connections {
  /**
   * Runs statements on a connection, which ends with the deadline, and if they fail otherwise than `isHarmless` says.
   *
   * @throws OverloadedError if too many calls wait for a connection already
   * @throws the reason of a signal that is aborted; ClosedError; what `isHarmless` is true of; or else a fault
   */
  use<Result>(
    signals: CallSignals,
    run: (client: Client) => Promise<Result>,
    isHarmless: (error: unknown) => boolean,
  ): Promise<Result>;
  /** A connection beside the pool, that who asked for it must end. It ends with the pool, too. */
  single(): Promise<GuardedClient>;
  close(): Promise<void>;
}

export function connections(options: ConnectionsOptions): Connections {
  const { name, maxConnections, maxQueued, pauseBy } = options;
  const slots = new Slots(maxConnections);
  const opened = new Set<Client>();
  const pause = pauseBy && new ReconnectPause(pauseBy);
  let opening: Promise<Opened> | undefined;
  let isClosed = false;

  function open(): Promise<Opened> {
    opening ??= loadPg(options.neededBy).then(
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

  async function connect(): Promise<PooledClient> {
    const { pool } = await open();
    const connectNow = () => pool.connect() as Promise<PooledClient>;
    return pause === undefined || pool.idleCount > 0 ? connectNow() : pause.attempt(connectNow);
  }

  return {
    async use({ caller, deadline }, run, isHarmless) {
      await takeTurn(caller);
      try {
        caller.throwIfAborted();
        const client = await connect();
        let isHeld = true;
        const release = (error?: Error) => {
          if (isHeld) client.release(error);
          isHeld = false;
        };
        const abort = () => {
          client.cutOff();
          release(new Error('Nobody waits any more.'));
        };
        deadline.addEventListener('abort', abort, { once: true });
        try {
          deadline.throwIfAborted();
          caller.throwIfAborted();
          return await run(client);
        } catch (error) {
          if (!isHarmless(error)) release(error as Error);
          throw error;
        } finally {
          deadline.removeEventListener('abort', abort);
          release();
        }
      } catch (cause) {
        if (isClosed) throw new ClosedError(name);
        deadline.throwIfAborted();
        if (caller.aborted && cause === caller.reason) throw cause;
        if (isHarmless(cause)) throw cause;
        throw postgresqlFault(name, cause, options.remedies);
      } finally {
        slots.release();
      }
    },

    async single() {
      if (isClosed) throw new ClosedError(name);
      const { Client, config } = await open();
      const client = new Client({ ...config, connectionTimeoutMillis: options.connectTimeout });
      await client.connect();
      return client;
    },

    async close() {
      if (isClosed) return;
      isClosed = true;
      const ended = opening?.then(({ pool }) => pool.end()).catch(() => {});
      for (const { connection } of opened) connection.stream.destroy();
      await ended;
    },
  };
}

type PooledClient = import('pg').PoolClient & GuardedClient;

interface Opened {
  readonly pool: import('pg').Pool;
  readonly Client: new (config: import('pg').ClientConfig) => GuardedClient;
  readonly config: import('pg').ClientConfig;
}

function openPool(pg: typeof import('pg'), options: ConnectionsOptions, opened: Set<Client>): Opened {
  const { tls, ca, password } = options;
  const Client = guardedClient(pg, opened);
  const config = {
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    password: () => password?.reveal(),
    ssl:
      tls === 'off'
        ? (false as const)
        : { minVersion: 'TLSv1.2' as const, rejectUnauthorized: tls === 'verified', ...(ca && { ca: [ca].flat() }) },
    options: Object.entries(options.settings)
      .map(([setting, value]) => `-c ${setting}=${String(value).replaceAll(' ', '\\ ')}`)
      .join(' '),
    application_name: 'session-init',
    client_encoding: 'UTF8',
    keepAlive: true,
    types: options.types(pg),
  };
  const pool = new pg.Pool({
    ...config,
    max: options.maxConnections,
    connectionTimeoutMillis: options.connectTimeout,
    idleTimeoutMillis: options.idleTimeout,
    Client,
  });
  // An idle connection that fails has left the pool already.
  pool.on('error', () => {});
  return { pool, Client, config };
}
