import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { closeAfterTest } from '../support/close-after-test.js';
import { expectAnsweredInTime, lostSessions } from '../support/expect-load.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { InitLoad } from '../support/init-load.js';
import type { Postgres } from '../support/postgres.js';
import { Redis, RedisCluster } from '../support/redis.js';
import { describeWith, postgresql, redisServer } from '../support/requires.js';
import {
  patientSessionManager,
  postgresStore,
  redisStore,
  type SharedStore,
  sharedSessionManager,
  startPostgres,
} from '../support/shared-stores.js';

const NODES = 2;
/** Milliseconds for one call, so that a fault is soon over. */
const TIMEOUT = { timeout: 600 };

/** A store, and a proxy in front of each of its servers. */
interface Proxied {
  store: Pick<SharedStore, 'fresh'>;
  proxies: readonly FaultProxy[];
  stop(): Promise<void>;
}

async function proxiedRedis(): Promise<Proxied> {
  const redis = await Redis.start();
  const proxy = await FaultProxy.start(redis.port);
  const url = `redis://127.0.0.1:${proxy.port}`;
  return { store: redisStore({ url }, [redis]), proxies: [proxy], stop: () => redis.stop() };
}

async function proxiedCluster(): Promise<Proxied> {
  const cluster = await RedisCluster.start();
  const proxies = await Promise.all(cluster.servers.map(({ port }) => FaultProxy.start(port)));
  const ports = proxies.map(({ port }) => port);
  await Promise.all(
    cluster.servers.map((server, i) => server.cli('CONFIG', 'SET', 'cluster-announce-port', `${ports[i]}`)),
  );
  for (const server of cluster.servers) {
    const knows = async () => {
      const slots = await server.cli('CLUSTER', 'SLOTS');
      return ports.every((port) => slots.includes(`\n${port}\n`));
    };
    while (!(await knows())) await wait(50);
  }
  const urls = ports.map((port) => `redis://127.0.0.1:${port}`);
  return { store: redisStore({ cluster: urls }, cluster.servers), proxies, stop: () => cluster.stop() };
}

async function proxiedPostgres(): Promise<Proxied> {
  const postgres: Postgres = await startPostgres();
  const proxy = await FaultProxy.start(postgres.port);
  return { store: postgresStore(proxy.port), proxies: [proxy], stop: () => postgres.stop() };
}

/** `connections`: how many a node has, the one included by which it hears of others. */
const STORES = [
  { name: 'Redis', start: proxiedRedis, options: {}, connections: 2 },
  { name: 'Redis Cluster', start: proxiedCluster, options: {}, connections: 5 },
  { name: 'PostgreSQL', start: proxiedPostgres, options: { connectTimeout: 400 }, connections: 5 },
] as const;

/** What two nodes go through while the way to their store is bad for a while. */
async function expectSurvived(
  { store, proxies }: Proxied,
  fault: FaultProxy['fault'],
  { options, connections }: (typeof STORES)[number],
): Promise<void> {
  const accepted = () => proxies.reduce((sum, proxy) => sum + proxy.accepted, 0);
  const set = (now: FaultProxy['fault']) => {
    for (const proxy of proxies) proxy.fault = now;
  };
  const sessions = store.fresh({ ...TIMEOUT, ...options });
  const load = closeAfterTest(new InitLoad(Array.from({ length: NODES }, () => sharedSessionManager(sessions))));
  await load.until('granted', 20);

  const before = accepted();
  const begun = performance.now();
  set(fault);
  await load.until(fault === 'delay' ? 'granted' : 'failed', 16);
  // Long enough to tell a pause that grows from a storm of some hundred attempts.
  await wait(500);
  const seconds = (performance.now() - begun) / 1_000;
  expect(accepted() - before).toBeLessThanOrEqual(NODES * connections * (6 + 2 * seconds));

  set('pass');
  await load.recovered(30);
  await load.finish();
  expectAnsweredInTime(load);
  const judge = closeAfterTest(patientSessionManager(sessions));
  expect(await lostSessions(judge, load)).toEqual([]);
}

describeWith(redisServer, 'the way to Redis, to Redis Cluster', () => {
  describeWith(postgresql, 'and to PostgreSQL', () => {
    let proxied: readonly Proxied[] = [];
    beforeAll(async () => {
      proxied = await Promise.all(STORES.map(({ start }) => start()));
    });
    afterAll(async () => {
      await Promise.all(proxied.flatMap(({ proxies }) => proxies.map((proxy) => proxy.close())));
      await Promise.all(proxied.map(({ stop }) => stop()));
    });

    // On all three at once, since most of it is waiting.
    test.each(['refuse', 'cut', 'blackHole', 'garbage', 'delay'] as const)(
      'ASVS 16.5.2: %s under load: each init gets its one answer in time, and it recovers without a restart',
      async (fault) => {
        await Promise.all(
          STORES.map((store, i) =>
            expectSurvived(proxied[i] as Proxied, fault, store).catch((cause: unknown) => {
              throw new Error(store.name, { cause });
            }),
          ),
        );
      },
    );
  });
});
