import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SessionManager } from '../../../../src/adapters/ports.js';
import { redisSessionManager } from '../../../../src/adapters/session-managers/redis.js';
import { closeAfterTest } from '../../../support/close-after-test.js';
import { FaultProxy } from '../../../support/fault-proxy.js';
import { News } from '../../../support/news.js';
import { Redis } from '../../../support/redis.js';
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
    expect(timers()).toBe(before);
  });

  test('one that Sentinels could not tell of for a while is found as soon as they can', async () => {
    const { name, nodes } = sentinels.where;
    const proxy = closeAfterTest(await FaultProxy.start(Number(new URL(nodes[0] as string).port)));
    proxy.fault = 'refuse';
    const sentinel = { name, nodes: [`redis://127.0.0.1:${proxy.port}`] };
    const manager = closeAfterTest(redisSessionManager({ sentinel }));
    await expect(manager.open()).rejects.toThrow('no Sentinel has told where it is');
    proxy.fault = 'pass';
    await untilFound(manager);
  });
});

describeWith(redisServer, 'redisSessionManager, where a replica takes over', () => {
  test('while it asks a Sentinel where the master is', async () => {
    const master = closeAfterTest(await Redis.start());
    const replica = closeAfterTest(await Redis.start('--replicaof', '127.0.0.1', `${master.port}`));
    const sentinels = closeAfterTest(await RedisSentinels.start(master.port, { count: 1, replicas: 1 }));
    const { name, nodes } = sentinels.where;
    const slow = closeAfterTest(await FaultProxy.start(Number(new URL(nodes[0] as string).port)));
    const sentinel = { name, nodes: [`redis://127.0.0.1:${slow.port}`, ...nodes] };
    const manager = closeAfterTest(redisSessionManager({ sentinel, timeout: 30_000 }));
    await manager.open();
    while ((await sentinels.listeners()) !== 2);
    slow.fault = 'blackHole';
    await master.kill();
    // It hears of the new master before it is told, and leaves one to which it is not connected.
    while ((await sentinels.listeners()) !== 0);
    expect(await sentinels.master()).toBe(replica.port);
    slow.fault = 'pass';
    slow.cut();
    await untilFound(manager);
  });
});

/** Those that keep the process from ending. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

async function untilFound(manager: SessionManager): Promise<void> {
  const asked = () => manager.findById(1).catch(() => 'nobody' as const);
  while ((await asked()) === 'nobody') await wait(10);
}
