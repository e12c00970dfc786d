import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SessionManager } from '../../../../src/adapters/ports.js';
import { redisSessionManager } from '../../../../src/adapters/session-managers/redis.js';
import { closeAfterTest } from '../../../support/close-after-test.js';
import { FaultProxy } from '../../../support/fault-proxy.js';
import { News } from '../../../support/news.js';
import { Redis, redisCli } from '../../../support/redis.js';
import { RedisSentinels } from '../../../support/redis-sentinels.js';
import { describeWith, redisServer } from '../../../support/requires.js';

describeWith(redisServer, 'redisSessionManager, where Sentinel looks after the server', () => {
  let redis: Redis;
  let sentinels: RedisSentinels;
  beforeAll(async () => {
    redis = await Redis.start();
    sentinels = await RedisSentinels.start(redis.port, { count: 1 });
  });
  afterAll(async () => {
    await sentinels.stop();
    await redis.stop();
  });

  test('it is found by its name, and nodes hear each other', async () => {
    const where = { sentinel: sentinels.where };
    const [here, there] = [redisSessionManager(where), redisSessionManager(where)];
    const news = new News();
    there.watch?.(news);
    await Promise.all([here.open(), there.open()]);
    while (!(await redis.cli('PUBSUB', 'NUMSUB', 'session-init:ended')).endsWith('1'));
    const { signal } = new AbortController();
    const creation = await here.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal });
    if (creation.outcome !== 'created') throw new Error(creation.outcome);
    const id = creation.session.session_id;
    expect((await there.findById(id))?.user).toBe('alice');
    await here.remove(id);
    expect(await news.atLeast(1)).toEqual([[id, 'removed']]);
    await here.close?.();
    await there.close?.();
  });

  test('connections at the Sentinels end with those for which they are', async () => {
    const manager = redisSessionManager({ sentinel: sentinels.where });
    const news = new News();
    manager.watch?.(news);
    await manager.open();
    for (let time = 1; time <= 3; time++) {
      while ((await sentinels.listeners()) !== 2);
      await redis.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await news.missedAtLeast(time);
    }
    while ((await sentinels.listeners()) !== 2);
    await manager.close?.();
    // Also of one that is closed while it connects.
    for (let pause = 0; pause < 20; pause++) {
      const brief = redisSessionManager({ sentinel: sentinels.where });
      brief.watch?.(news);
      const opening = brief.open().catch(() => {});
      await wait(pause);
      await brief.close?.();
      await opening;
    }
    while ((await sentinels.listeners()) !== 0);
  });

  test('a name that no Sentinel knows is told at once, and nothing is left behind', async () => {
    const { nodes } = sentinels.where;
    const before = timers();
    const manager = redisSessionManager({ sentinel: { name: 'other', nodes }, timeout: 30_000 });
    await expect(manager.open()).rejects.toThrow('no Sentinel has told where it is');
    await manager.close?.();
    while (process.getActiveResourcesInfo().includes('TCPSocketWrap')) await wait(1);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  test('one that Sentinels learn of later is found then', async () => {
    const { nodes } = sentinels.where;
    const manager = closeAfterTest(redisSessionManager({ sentinel: { name: 'later', nodes } }));
    await expect(manager.open()).rejects.toThrow('no Sentinel has told where it is');
    await redisCli(portOf(nodes), 'SENTINEL', 'MONITOR', 'later', '127.0.0.1', `${redis.port}`, '1');
    await untilFound(manager);
  });
});

describeWith(redisServer, 'redisSessionManager, where a replica takes over', () => {
  test('while it asks a Sentinel where the master is', async () => {
    const before = timers();
    const master = closeAfterTest(await Redis.start());
    const replica = closeAfterTest(await Redis.start('--replicaof', '127.0.0.1', `${master.port}`));
    const sentinels = closeAfterTest(await RedisSentinels.start(master.port, { count: 1, replicas: 1 }));
    const { name, nodes } = sentinels.where;
    const slow = closeAfterTest(await FaultProxy.start(portOf(nodes)));
    const sentinel = { name, nodes: [`redis://127.0.0.1:${slow.port}`, ...nodes] };
    const manager = redisSessionManager({ sentinel, timeout: 2_500 });
    await manager.open();
    while ((await sentinels.listeners()) !== 2);
    slow.fault = 'blackHole';
    await master.kill();
    // It hears of the new master from the other one, while this one keeps it waiting.
    while ((await sentinels.master()) !== replica.port);
    await untilFound(manager);
    await manager.close?.();
    // After a failover the package waits two seconds for connections to Sentinels that have ended.
    while (timers() > before) await wait(10);
  });
});

function portOf([node]: readonly string[]): number {
  return Number(new URL(node as string).port);
}

/** Those that keep the process from ending. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

async function untilFound(manager: SessionManager): Promise<void> {
  const asked = () => manager.findById(1).catch(() => 'nobody' as const);
  while ((await asked()) === 'nobody') await wait(10);
}
