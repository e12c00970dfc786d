import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { SessionOrchestrator } from '../../src/orchestrator.js';
import { webSocketTransport } from '../../src/transports/websocket.js';
import { answered } from '../support/answered.js';
import { closeAfterTest } from '../support/close-after-test.js';
import { FaultProxy } from '../support/fault-proxy.js';
import { nodeOn } from '../support/init-load.js';
import { Redis, RedisCluster } from '../support/redis.js';
import { describeWith, postgresql, redisServer } from '../support/requires.js';
import {
  postgresStore,
  redisStore,
  type SharedSessions,
  sharedSessionManager,
  startPostgres,
} from '../support/shared-stores.js';
import { WebSocketClient } from '../support/web-socket-client.js';

/** A node that serves WebSockets, and looks sessions up by itself only after hours. */
async function served(sessions: SharedSessions): Promise<{ node: SessionOrchestrator; url: string }> {
  const node = closeAfterTest(nodeOn(sharedSessionManager(sessions)));
  const transport = closeAfterTest(
    webSocketTransport(node, { port: 0, sessionCheckInterval: 10_000_000, onEvent: () => {} }),
  );
  await transport.listening;
  return { node, url: transport.address().url };
}

/** A connection to a node that is bound to a session. */
async function bound(url: string, username: string): Promise<{ client: WebSocketClient; id: number }> {
  const client = await WebSocketClient.open(url);
  closeAfterTest({ close: async () => client.socket.terminate() });
  const { data } = await client.ask({ username, user_secret: 'marked' });
  return { client, id: data?.['session_id'] as number };
}

async function expectClosed({ client, id }: { client: WebSocketClient; id: number }, cause: string): Promise<void> {
  expect(await client.next()).toEqual({ event: 'session_ended', session_id: id, cause });
  expect(await client.closed).toMatchObject({ code: 4001 });
}

interface Store {
  sessions: SharedSessions;
  /** The same by a way that can be cut. */
  proxied?: SharedSessions;
  proxy?: FaultProxy;
  restart(): Promise<void>;
}

/** With a file that it has written before it answers. */
const KEEPING = ['--appendonly', 'yes', '--appendfsync', 'always'];
const ONE_EACH = { maxSessionsPerUser: 1, timeout: 1_000 };

async function redis(): Promise<Store> {
  const redis = closeAfterTest(await Redis.start(...KEEPING));
  const proxy = closeAfterTest(await FaultProxy.start(redis.port));
  const sessions = redisStore({ url: redis.url }, [redis]).fresh(ONE_EACH);
  const url = `redis://127.0.0.1:${proxy.port}`;
  return {
    sessions,
    proxied: { adapter: 'redis', options: { ...(sessions.options as object), url } },
    proxy,
    async restart() {
      await redis.kill();
      await redis.run();
    },
  };
}

async function redisCluster(): Promise<Store> {
  const cluster = closeAfterTest(await RedisCluster.start({ settings: KEEPING }));
  return {
    sessions: redisStore({ cluster: cluster.urls }, cluster.servers).fresh(ONE_EACH),
    async restart() {
      await Promise.all(cluster.servers.map((server) => server.kill()));
      await Promise.all(cluster.servers.map((server) => server.run()));
      await cluster.settled();
    },
  };
}

async function postgres(): Promise<Store> {
  const postgres = closeAfterTest(await startPostgres());
  const proxy = closeAfterTest(await FaultProxy.start(postgres.port));
  const sessions = postgresStore(postgres.port).fresh(ONE_EACH);
  return {
    sessions,
    proxied: { adapter: 'postgres', options: { ...sessions.options, port: proxy.port } as never },
    proxy,
    async restart() {
      await postgres.kill();
      await postgres.run();
    },
  };
}

/** After an answer that was lost, the session may have ended already. */
async function ended(node: Pick<SessionOrchestrator, 'remove'>, id: number): Promise<void> {
  await answered(() => node.remove(id));
}

const STORES = [
  { name: 'Redis', requirement: redisServer, start: redis },
  { name: 'Redis Cluster', requirement: redisServer, start: redisCluster },
  { name: 'PostgreSQL', requirement: postgresql, start: postgres },
] as const;

for (const { name, requirement, start } of STORES) {
  describeWith(requirement, `a session on ${name} that another node ends`, () => {
    test('ASVS 7.4.1: closes its connection, also after the store was restarted', async () => {
      const { sessions, restart } = await start();
      const there = closeAfterTest(nodeOn(sharedSessionManager(sessions)));
      const { node: here, url } = await served(sessions);

      const removed = await bound(url, 'ada');
      expect(await there.remove(removed.id)).toBe(true);
      await expectClosed(removed, 'removed');
      const evicted = await bound(url, 'bob');
      expect((await there.init({ username: 'bob', user_secret: 'marked' }, { ipAddress: '192.0.2.7' })).success).toBe(
        true,
      );
      await expectClosed(evicted, 'evicted');

      const kept = await bound(url, 'eve');
      const [first, second] = [await bound(url, 'joe'), await bound(url, 'kay')];
      await restart();
      // Whether it listens again by now or not.
      await ended(there, first.id);
      await first.client.closed;
      await ended(there, second.id);
      await second.client.closed;
      expect((await answered(() => here.findById(kept.id)))?.user).toBe('eve');
      expect(kept.client.socket.readyState).toBe(kept.client.socket.OPEN);
    });
  });
}

for (const { name, requirement, start } of STORES.filter(({ name }) => name !== 'Redis Cluster')) {
  describeWith(requirement, `a session on ${name} that ends while a node cannot hear`, () => {
    test.each(['refuse', 'blackHole'] as const)('%s: closes its connection as soon as it can', async (fault) => {
      const { sessions, proxied, proxy } = await start();
      const there = closeAfterTest(nodeOn(sharedSessionManager(sessions)));
      const { node: here, url } = await served(proxied as SharedSessions);
      const [first, second, kept] = [await bound(url, 'ada'), await bound(url, 'bob'), await bound(url, 'eve')];
      expect(await there.remove(first.id)).toBe(true);
      await expectClosed(first, 'removed');

      (proxy as FaultProxy).fault = fault;
      expect(await there.remove(second.id)).toBe(true);
      // The node goes on asking, so that it is in a pause when the way is free again.
      for (let calls = 0; calls < 2; calls++) await here.findById(kept.id).catch(() => wait(50));
      (proxy as FaultProxy).fault = 'pass';
      if (fault === 'blackHole') (proxy as FaultProxy).cut();
      await second.client.closed;
      expect(kept.client.socket.readyState).toBe(kept.client.socket.OPEN);
    });
  });
}
