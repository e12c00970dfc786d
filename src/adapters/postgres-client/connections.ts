import type { Clock } from '../../model/clock.js';
import { ClosedError, OverloadedError } from '../../model/errors.js';
import type { Abortable } from '../../model/lazy-signal.js';
import { Slots } from '../../model/slots.js';
import { type GuardedClient, type GuardedClientClass, guardedClient } from './guarded-client.js';
import { IdleClients } from './idle-clients.js';
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
  readonly clock: Clock;
  /** Milliseconds after which a connection that nobody uses is closed. @defaultValue 60000 */
  readonly idleTimeout?: number | undefined;
  /** After an attempt to connect that failed, the next ones fail at once for a while. @defaultValue false */
  readonly pausesAfterFailure?: boolean;
}

/** Who waits for a call. */
export interface CallSignals {
  /** Ends the wait for a connection. */
  readonly caller: Abortable;
  /** Ends the connection, too. */
  readonly deadline: Abortable;
}

export type Client = import('pg').Client;

const OUTSIDE_OF_TRANSACTION = 'I';

/** A bounded number of connections that are made as they are needed, kept for the next call, and dropped as they fail. */
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
  /** A connection beside the others, that who asked for it must end. It ends with `close`, too. */
  single(): Promise<GuardedClient>;
  close(): Promise<void>;
}

export function connections(options: ConnectionsOptions): Connections {
  const { name, maxConnections, maxQueued, clock, idleTimeout = 60_000 } = options;
  const slots = new Slots(maxConnections);
  const opened = new Set<GuardedClient>();
  const idle = new IdleClients(clock, idleTimeout);
  const pause = options.pausesAfterFailure ? new ReconnectPause(clock) : undefined;
  let loading: Promise<GuardedClientClass> | undefined;
  let config: import('pg').ClientConfig;
  let isClosed = false;

  function load(): Promise<GuardedClientClass> {
    loading ??= loadPg(options.neededBy).then(
      (pg) => {
        config = clientConfig(pg, options);
        return guardedClient(pg, opened);
      },
      (cause: unknown) => {
        loading = undefined;
        throw cause;
      },
    );
    return loading;
  }

  async function connect(): Promise<GuardedClient> {
    const Client = await load();
    if (isClosed) throw new ClosedError(name);
    const client = new Client(config);
    try {
      await client.connect();
      return client;
    } catch (cause) {
      client.hangUp();
      throw cause;
    }
  }

  function takeTurn(caller: Abortable): Promise<void> {
    if (slots.waiting >= maxQueued) {
      throw new OverloadedError(`${maxQueued} calls of ${name} wait for a connection already. Try again later.`);
    }
    return slots.acquire(caller);
  }

  function keep(client: GuardedClient): void {
    if (isClosed) client.hangUp();
    else idle.put(client);
  }

  return {
    async use({ caller, deadline }, run, isHarmless) {
      if (!slots.take()) await takeTurn(caller);
      try {
        caller.throwIfAborted();
        const client = idle.take() ?? (await (pause === undefined ? connect() : pause.attempt(connect)));
        const cutOff = () => client.cutOff();
        let isSound = true;
        deadline.onAbort(cutOff);
        try {
          deadline.throwIfAborted();
          caller.throwIfAborted();
          isSound = false;
          const result = await run(client);
          isSound = true;
          return result;
        } catch (error) {
          isSound ||= isHarmless(error);
          throw error;
        } finally {
          deadline.offAbort(cutOff);
          if (isSound && isReusable(client)) keep(client);
          else client.cutOff();
        }
      } catch (cause) {
        if (isClosed) throw new ClosedError(name);
        deadline.throwIfAborted();
        if (caller.isAborted && cause === caller.signal.reason) throw cause;
        if (isHarmless(cause)) throw cause;
        throw postgresqlFault(name, cause, options.remedies);
      } finally {
        slots.release();
      }
    },

    single: connect,

    async close() {
      if (isClosed) return;
      isClosed = true;
      idle.clear();
      const ended = [...opened].map(({ connection }) => new Promise((resolve) => connection.once('end', resolve)));
      for (const client of opened) client.hangUp();
      await Promise.all(ended);
    },
  };
}

function isReusable(client: GuardedClient): boolean {
  return client.isConnected && client.getTransactionStatus() === OUTSIDE_OF_TRANSACTION;
}

function clientConfig(pg: typeof import('pg'), options: ConnectionsOptions): import('pg').ClientConfig {
  const { tls, ca, password } = options;
  return {
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.user,
    password: () => password?.reveal(),
    ssl:
      tls === 'off'
        ? false
        : { minVersion: 'TLSv1.2', rejectUnauthorized: tls === 'verified', ...(ca && { ca: [ca].flat() }) },
    options: Object.entries(options.settings)
      .map(([setting, value]) => `-c ${setting}=${String(value).replaceAll(' ', '\\ ')}`)
      .join(' '),
    application_name: 'session-init',
    client_encoding: 'UTF8',
    keepAlive: true,
    types: options.types(pg),
    connectionTimeoutMillis: options.connectTimeout,
  };
}
