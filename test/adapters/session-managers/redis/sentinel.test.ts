import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { redisSessionManager } from '../../../../src/adapters/session-managers/redis.js';
import { Redis } from '../../../support/redis.js';
import { describeWith, redisServer } from '../../../support/requires.js';
import { accepts, freePort } from '../../../support/tcp-port.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { News } from './news.js';

describeWith(redisServer, 'redisSessionManager, where Sentinel looks after the server', () => {
  const folder = tempFolder();
  let redis: Redis;
  let sentinel: ChildProcess;
  let port: number;
  beforeAll(async () => {
    redis = await Redis.start();
    port = await freePort();
    const settings = join(folder, 'sentinel.conf');
    writeFileSync(settings, `port ${port}\nbind 127.0.0.1\nsentinel monitor sessions 127.0.0.1 ${redis.port} 1\n`);
    sentinel = spawn('redis-server', [settings, '--sentinel', '--dir', folder], { stdio: 'ignore' });
    while (!(await accepts(port)));
  });
  afterAll(async () => {
    sentinel.kill('SIGKILL');
    await once(sentinel, 'exit');
    await redis.stop();
  });

  test('it is found by its name, and nodes hear each other', async () => {
    const where = { sentinel: { name: 'sessions', nodes: [`redis://127.0.0.1:${port}`] } };
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

  test('a name that no Sentinel knows is told', async () => {
    const nodes = [`redis://127.0.0.1:${port}`];
    const manager = redisSessionManager({ sentinel: { name: 'other', nodes }, timeout: 1_000 });
    await expect(manager.open()).rejects.toThrow();
    await manager.close?.();
  });
});
