import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { redisSessionManager } from '../../../../src/adapters/session-managers/redis.js';
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

  test('a name that no Sentinel knows is told', async () => {
    const { nodes } = sentinels.where;
    const manager = redisSessionManager({ sentinel: { name: 'other', nodes }, timeout: 1_000 });
    await expect(manager.open()).rejects.toThrow();
    await manager.close?.();
  });
});
