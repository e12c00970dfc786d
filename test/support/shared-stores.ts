import type { SessionManager } from '../../src/adapters/ports.js';
import {
  type PostgresSessionManagerOptions,
  postgresSessionManager,
} from '../../src/adapters/session-managers/postgres.js';
import { type RedisSessionManagerOptions, redisSessionManager } from '../../src/adapters/session-managers/redis.js';
import { ACCOUNT, Postgres } from './postgres.js';
import { Redis, RedisCluster } from './redis.js';
import { postgresql, type Requirement, redisServer } from './requires.js';

/** Sessions in a store, as every node is told of them: here, or in a process of its own. */
export type SharedSessions =
  | { adapter: 'redis'; options: RedisSessionManagerOptions }
  | { adapter: 'postgres'; options: PostgresSessionManagerOptions };

/** What the session managers have in common. */
export type SharedOptions = Partial<RedisSessionManagerOptions & PostgresSessionManagerOptions>;

/** A real store that several nodes share. */
export interface SharedStore {
  /** A place in it where there are no sessions yet. */
  fresh(options?: SharedOptions): SharedSessions;
  /** What it holds that has no end of its own: nothing, unless it is wrong. */
  endless(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface SharedStoreKind {
  readonly name: string;
  readonly requirement: Requirement;
  readonly start: () => Promise<SharedStore>;
}

export const SHARED_STORES: readonly SharedStoreKind[] = [
  {
    name: 'Redis',
    requirement: redisServer,
    start: async () => {
      const redis = await Redis.start();
      return { ...redisStore({ url: redis.url }, [redis]), stop: () => redis.stop() };
    },
  },
  {
    name: 'Redis Cluster',
    requirement: redisServer,
    start: async () => {
      const cluster = await RedisCluster.start();
      return { ...redisStore({ cluster: cluster.urls }, cluster.servers), stop: () => cluster.stop() };
    },
  },
  {
    name: 'PostgreSQL',
    requirement: postgresql,
    start: async () => {
      const postgres = await startPostgres();
      return { ...postgresStore(postgres.port), stop: () => postgres.stop() };
    },
  },
];

/** Where no sessions are yet has a number. */
let places = 0;

export async function startPostgres(): Promise<Postgres> {
  const postgres = await Postgres.start();
  await postgres.sql(`GRANT CREATE ON DATABASE postgres TO ${ACCOUNT.user}`);
  return postgres;
}

/** @param servers - all that keep something */
export function redisStore(
  where: Pick<RedisSessionManagerOptions, 'url' | 'cluster' | 'sentinel'>,
  servers: readonly Redis[],
): Pick<SharedStore, 'fresh' | 'endless'> {
  return {
    fresh: (options) => ({ adapter: 'redis', options: { ...where, ...options, prefix: `place-${places++}` } }),
    async endless() {
      const script = `local endless = {}
        for _, key in ipairs(redis.call('KEYS', '*')) do
          if redis.call('PTTL', key) == -1 then endless[#endless + 1] = key end
        end
        return endless`;
      const found = await Promise.all(servers.map((server) => server.cli('EVAL', script, '0')));
      return found.flatMap((lines) => lines.split('\n')).filter((line) => line !== '');
    },
  };
}

/** @param port - of the server, or of what is in front of it */
export function postgresStore(port: number): Pick<SharedStore, 'fresh' | 'endless'> {
  return {
    fresh: (options) => ({
      adapter: 'postgres',
      options: {
        // Five nodes fit into the connections that the server has.
        ...{ host: '127.0.0.1', port, database: 'postgres', ...ACCOUNT, maxConnections: 4 },
        ...options,
        schema: `place_${places++}`,
      },
    }),
    endless: async () => [],
  };
}

export function sharedSessionManager({ adapter, options }: SharedSessions, more: SharedOptions = {}): SessionManager {
  return adapter === 'redis'
    ? redisSessionManager({ ...options, ...more })
    : postgresSessionManager({ ...options, ...more });
}

/** One that has all the time in the world, to see what is there. */
export function patientSessionManager(sessions: SharedSessions): SessionManager {
  const timeout = 20_000;
  return sharedSessionManager(
    sessions,
    sessions.adapter === 'redis' ? { timeout } : { timeout, connectTimeout: timeout },
  );
}
