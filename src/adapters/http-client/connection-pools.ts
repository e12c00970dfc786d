import type { buildConnector, Pool } from 'undici';
import type { Clock } from '../../model/clock.js';
import { DeadlineExceededError, MissingPackageError } from '../../model/errors.js';
import { type HttpClientOptions, secureContextOf } from './options.js';

/** The connections to each server that is spoken to. */
export interface ConnectionPools {
  /** @returns undefined if none were opened yet */
  to(origin: string): Pool | undefined;
  /** @throws MissingPackageError if undici is not installed */
  open(origin: string): Promise<Pool>;
  /** Ends every connection; what is under way fails with `reason`. */
  destroy(reason: Error): Promise<void>;
}

/** What has a default in {@link HttpClientOptions}, with it. */
export interface PoolSettings {
  readonly clock: Clock;
  readonly timeout: number;
  readonly maxConnections: number;
}

export function connectionPools(name: string, options: HttpClientOptions, settings: PoolSettings): ConnectionPools {
  const { maxResponseBytes = 65_536 } = options;
  const pools = new Map<string, Pool>();
  const secureContext = secureContextOf(options);

  async function open(origin: string): Promise<Pool> {
    const { buildConnector, Pool } = await loadUndici(name);
    const existing = pools.get(origin);
    if (existing !== undefined) return existing;
    const { timeout } = settings;
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    const connector = buildConnector({ secureContext, rejectUnauthorized: true, timeout });
    const pool = new Pool(origin, {
      connections: settings.maxConnections,
      connect: inTime(connector, `${name}: a connection to ${origin}`, settings),
      // A call has one deadline for all of it.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: maxResponseBytes,
    });
    pools.set(origin, pool);
    return pool;
  }

  return {
    to: (origin) => pools.get(origin),
    open,
    async destroy(reason) {
      await Promise.all([...pools.values()].map((pool) => pool.destroy(reason)));
    },
  };
}

/**
 * A request that is aborted stays with undici until it is connected. So that it ends with its call, a connection is given up
 * by our clock; undici's own time-out is there to end the socket.
 */
function inTime(connector: buildConnector.connector, what: string, { clock, timeout }: PoolSettings) {
  return (options: buildConnector.Options, callback: buildConnector.Callback): void => {
    let isLate = false;
    const timer = clock.setTimeout(() => {
      isLate = true;
      callback(new DeadlineExceededError(`${what} was not there within ${timeout} ms.`), null);
    }, timeout);
    connector(options, (...[error, socket]: Parameters<buildConnector.Callback>) => {
      clock.clearTimeout(timer);
      if (isLate) socket?.destroy();
      else if (error === null) callback(null, socket);
      else callback(error, null);
    });
  };
}

async function loadUndici(name: string): Promise<typeof import('undici')> {
  try {
    return await import('undici');
  } catch (cause) {
    throw new MissingPackageError('undici', name, { cause });
  }
}
