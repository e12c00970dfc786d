import type { Pool } from 'undici';
import { MissingPackageError } from '../../model/errors.js';
import { type HttpClientOptions, secureContextOf } from './options.js';

/** The connections to each server that is spoken to. */
export interface ConnectionPools {
  /** @throws MissingPackageError if undici is not installed */
  to(origin: string): Promise<Pool>;
  /** Ends every connection; what is under way fails with `reason`. */
  destroy(reason: Error): Promise<void>;
}

export function connectionPools(
  name: string,
  options: HttpClientOptions,
  { timeout, maxConnections }: { readonly timeout: number; readonly maxConnections: number },
): ConnectionPools {
  const { maxResponseBytes = 65_536 } = options;
  const pools = new Map<string, Pool>();
  const secureContext = secureContextOf(options);

  async function open(origin: string): Promise<Pool> {
    const { Pool } = await loadUndici(name);
    const existing = pools.get(origin);
    if (existing !== undefined) return existing;
    const pool = new Pool(origin, {
      connections: maxConnections,
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      connect: { secureContext, rejectUnauthorized: true, timeout },
      // A call has one deadline for all of it. undici's own are measured by a clock of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: maxResponseBytes,
    });
    pools.set(origin, pool);
    return pool;
  }

  return {
    async to(origin) {
      return pools.get(origin) ?? open(origin);
    },
    async destroy(reason) {
      await Promise.all([...pools.values()].map((pool) => pool.destroy(reason)));
    },
  };
}

async function loadUndici(name: string): Promise<typeof import('undici')> {
  try {
    return await import('undici');
  } catch (cause) {
    throw new MissingPackageError('undici', name, { cause });
  }
}
