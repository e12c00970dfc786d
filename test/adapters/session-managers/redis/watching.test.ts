import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type RedisSessionManager,
  type RedisSessionManagerOptions,
  redisSessionManager,
} from '../../../../src/adapters/session-managers/redis.js';
import { simulatedClock } from '../../../../src/testing/simulated-clock.js';
import { News } from '../../../support/news.js';
import { Redis, RedisCluster } from '../../../support/redis.js';
import { describeWith, redisServer } from '../../../support/requires.js';

const { signal } = new AbortController();

type Options = Partial<RedisSessionManagerOptions>;

/** Nodes of a service on servers of Redis, one service after the other. */
class Nodes {
  readonly #where: Options;
  readonly servers: readonly Redis[];
  #services = 0;
  #open: RedisSessionManager[] = [];

  constructor(where: Options, servers: readonly Redis[]) {
    this.#where = where;
    this.servers = servers;
  }

  start(options: Options = {}): RedisSessionManager {
    const node = redisSessionManager({ ...this.#where, prefix: `service-${this.#services}`, ...options });
    this.#open.push(node);
    return node;
  }

  /** When so many of them listen. */
  async listen(count: number): Promise<void> {
    const channel = `service-${this.#services}:ended`;
    for (let asked = 0; asked < 200; asked++) {
      const answers = await Promise.all(this.servers.map((server) => server.cli('PUBSUB', 'NUMSUB', channel)));
      const listening = answers.map((answer) => Number(answer.split('\n')[1])).reduce((sum, each) => sum + each);
      if (listening === count) return;
    }
    throw new Error(`Not ${count} connections listen.`);
  }

  async stop(): Promise<void> {
    this.#services += 1;
    for (const node of this.#open) await node.close?.();
    this.#open = [];
  }
}

async function create(node: RedisSessionManager) {
  const creation = await node.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal });
  if (creation.outcome !== 'created') throw new Error(creation.outcome);
  return { id: creation.session.session_id, evicted: creation.evicted };
}

/** Of what one node does, the others hear. */
function tellsOthers(nodes: () => Nodes) {
  test('what was removed and evicted is told to the others, and not to who did it', async () => {
    const [here, there] = [nodes().start({ maxSessionsPerUser: 2 }), nodes().start({ maxSessionsPerUser: 2 })];
    const [own, others] = [new News(), new News()];
    here.watch?.(own);
    there.watch?.(others);
    await nodes().listen(2);
    const [first, second, third] = [await create(here), await create(here), await create(here)];
    expect(third.evicted).toEqual([first.id]);
    await here.remove(second.id);
    expect(await others.atLeast(2)).toEqual([
      [first.id, 'evicted'],
      [second.id, 'removed'],
    ]);
    await there.remove(third.id);
    expect(await own.atLeast(1)).toEqual([[third.id, 'removed']]);
    expect(others.missedCount + own.missedCount).toBe(0);
  });

  test('what a sweep finds expired is told to the others, what a creation finds to all', async () => {
    const clock = simulatedClock();
    const options = { clock, timeFrom: 'clock', idleTimeout: 1_000 } as const;
    const [here, there] = [nodes().start(options), nodes().start(options)];
    const [own, others] = [new News(), new News()];
    here.watch?.(own);
    there.watch?.(others);
    await nodes().listen(2);
    const swept = await create(here);
    clock.increment(1_000);
    expect(await here.removeExpired(10)).toHaveLength(1);
    const found = await create(here);
    clock.increment(1_000);
    await create(here);
    expect(await others.atLeast(2)).toEqual([
      [swept.id, 'expired'],
      [found.id, 'expired'],
    ]);
    expect(await own.atLeast(1)).toEqual([[found.id, 'expired']]);
  });

  test('a secret that is replaced ends no session', async () => {
    const [here, there] = [nodes().start({ limitPolicy: 'reuse' }), nodes().start({ limitPolicy: 'reuse' })];
    const others = new News();
    there.watch?.(others);
    await nodes().listen(1);
    const { id } = await create(here);
    expect(await create(here)).toEqual({ id });
    await here.remove(id);
    expect(await others.atLeast(1)).toEqual([[id, 'removed']]);
  });

  test('who has stopped to listen, or is closed, hears nothing and has no connection', async () => {
    const [here, there, other] = [nodes().start(), nodes().start(), nodes().start()];
    const news = new News();
    const stop = there.watch?.(news);
    other.watch?.(news);
    await nodes().listen(2);
    stop?.();
    await other.close?.();
    await nodes().listen(0);
    await here.remove((await create(here)).id);
    expect(news.heard).toEqual([]);
    expect(() => other.watch?.(news)).toThrow('closed');
  });

  test('who was cut off is told that something may have been missed, and hears again', async () => {
    const [here, there] = [nodes().start(), nodes().start()];
    const news = new News();
    there.watch?.(news);
    await nodes().listen(1);
    for (const server of nodes().servers) await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await news.missedAtLeast(1);
    const { id } = await create(here);
    await here.remove(id);
    expect(await news.atLeast(1)).toEqual([[id, 'removed']]);
    expect(news.missedCount).toBe(1);
  });
}

describeWith(redisServer, 'nodes on one Redis', () => {
  let nodes: Nodes;
  beforeAll(async () => {
    const redis = await Redis.start();
    nodes = new Nodes({ url: redis.url }, [redis]);
  });
  afterAll(() => nodes.servers[0]?.stop());

  afterEach(() => nodes.stop());

  describe('hear what others do', () => tellsOthers(() => nodes));

  test('a server that is not there yet: who listens is told that something may have been missed', async () => {
    const [redis] = nodes.servers as [Redis];
    await redis.kill();
    const noRedis = createServer((socket) => socket.destroy()).listen(redis.port, '127.0.0.1');
    await once(noRedis, 'listening');
    const there = nodes.start();
    const news = new News();
    there.watch?.(news);
    await once(noRedis, 'connection');
    noRedis.close();
    await once(noRedis, 'close');
    await redis.run();
    await news.missedAtLeast(1);
    const here = nodes.start();
    const { id } = await create(here);
    await here.remove(id);
    expect(await news.atLeast(1)).toEqual([[id, 'removed']]);
  });
});

describeWith(redisServer, 'nodes on a cluster', () => {
  let nodes: Nodes;
  let cluster: RedisCluster;
  beforeAll(async () => {
    // Its servers pass on what is published; on a busy machine they would give each other up in between.
    cluster = await RedisCluster.start({ settings: ['--cluster-node-timeout', '15000'] });
    nodes = new Nodes({ cluster: cluster.urls }, cluster.servers);
  }, 60_000);
  afterAll(() => cluster.stop());

  afterEach(() => nodes.stop());

  describe('hear what others do', () => tellsOthers(() => nodes));
});
