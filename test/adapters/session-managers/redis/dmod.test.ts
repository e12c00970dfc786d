import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import {
  type RedisSessionManager,
  type RedisSessionManagerOptions,
  redisSessionManager,
} from '../../../../src/adapters/session-managers/redis.js';
import { Secret } from '../../../../src/model/secret.js';
import { simulatedClock } from '../../../../src/testing/simulated-clock.js';
import { Redis } from '../../../support/redis.js';
import { describeWith, redisServer } from '../../../support/requires.js';

const { signal } = new AbortController();
const NOW = Date.UTC(2019, 11, 10, 16, 27, 54, 123);

describeWith(redisServer, 'the layout of DMOD', () => {
  let redis: Redis;
  let manager: RedisSessionManager;
  const clock = simulatedClock({ startAt: NOW });
  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterEach(async () => {
    await manager.close?.();
    await redis.cli('FLUSHALL');
  });
  afterAll(() => redis.stop());

  function open(options: Partial<RedisSessionManagerOptions> = {}): void {
    manager = redisSessionManager({ url: redis.url, layout: 'dmod', timeFrom: 'clock', clock, ...options });
  }

  async function create(user: string) {
    const creation = await manager.create({ user, ipAddress: '192.0.2.7' }, { signal });
    if (creation.outcome !== 'created') throw new Error(creation.outcome);
    const { session_id: id, session_secret: secret } = creation.session;
    return { id: String(id), secret: secret?.reveal() ?? '' };
  }

  /** What DMOD's lookup_session_by_id reads. */
  async function readAsDmod(id: string): Promise<Record<string, string> | undefined> {
    const lines = (await redis.cli('HGETALL', `session:${id}`)).split('\n');
    if (lines.length < 2) return undefined;
    return Object.fromEntries(lines.flatMap((line, i) => (i % 2 === 0 ? [[line, lines[i + 1] ?? '']] : [])));
  }

  const now = () => new Date(clock.now()).toISOString().replace('T', ' ').replace('Z', '000');

  test('a session that is created is found as DMOD looks for it: by id, by secret and by user', async () => {
    open();
    const created = now();
    const { id, secret } = await create('alice');
    const expected = { ip_address: '192.0.2.7', secret, user: 'alice', created, last_accessed: created };
    expect(await readAsDmod(id)).toEqual(expected);
    expect(created).toMatch(/^2019-12-10 16:27:\d\d\.\d{6}$/);
    expect(await redis.cli('HGET', 'all_session_secrets', secret)).toBe(id);
    expect(await redis.cli('HGET', 'all_users', 'alice')).toBe(id);
  });

  test('next_session_id is the id to give next: it starts at 1, goes on where DMOD was, and leaves out what is there', async () => {
    open();
    expect((await create('alice')).id).toBe('1');
    expect(await redis.cli('GET', 'next_session_id')).toBe('2');
    await redis.cli('SET', 'next_session_id', '41');
    await redis.cli('HSET', 'session:41', 'user', 'entered by hand');
    expect((await create('alice')).id).toBe('42');
    expect(await redis.cli('GET', 'next_session_id')).toBe('43');
  });

  test('a session that DMOD has created is found, used and removed', async () => {
    open({ idleTimeout: 1_000 });
    const secret = 'a'.repeat(64);
    const fields = [
      'ip_address',
      '127.0.0.1',
      'secret',
      secret,
      'user',
      'bob',
      'created',
      now(),
      'last_accessed',
      now(),
    ];
    await redis.cli('HSET', 'session:7', ...fields);
    await redis.cli('HSET', 'all_session_secrets', secret, '7');
    await redis.cli('HSET', 'all_users', 'bob', '7');
    clock.increment(900);
    expect((await manager.findBySecret(new Secret(secret)))?.user).toBe('bob');
    expect((await manager.refresh(7))?.last_accessed?.getTime()).toBe(clock.now());
    expect((await readAsDmod('7'))?.['last_accessed']).toBe(now());
    clock.increment(999);
    expect((await manager.findById(7))?.session_id).toBe(7);
    clock.increment(1);
    expect(await manager.findById(7)).toBeUndefined();
    expect(await manager.refresh(7)).toBeUndefined();
    expect(await manager.remove(7)).toBe(true);
    expect(await redis.cli('KEYS', '*')).toBe('');
  });

  test('what ends leaves nothing of itself: removed, evicted, replaced and expired', async () => {
    open({ maxSessionsPerUser: 2, idleTimeout: 1_000 });
    const [first, second, third] = [await create('alice'), await create('alice'), await create('alice')];
    expect(await readAsDmod(first.id)).toBeUndefined();
    expect(await redis.cli('HEXISTS', 'all_session_secrets', first.secret)).toBe('0');
    await manager.remove(Number(third.id));
    expect(await redis.cli('HGET', 'all_users', 'alice')).toBe(second.id);
    clock.increment(1_000);
    expect(await manager.removeExpired(10)).toHaveLength(1);
    expect((await redis.cli('KEYS', '*')).split('\n')).toEqual(['next_session_id']);
  });

  test('ASVS 7.2.4: reuse leaves one secret, the fresh one', async () => {
    open({ limitPolicy: 'reuse' });
    const [old, fresh] = [await create('alice'), await create('alice')];
    expect(fresh.id).toBe(old.id);
    expect(await redis.cli('HKEYS', 'all_session_secrets')).toBe(fresh.secret);
    expect((await readAsDmod(fresh.id))?.['secret']).toBe(fresh.secret);
  });

  test('DMOD may have removed a session behind our back', async () => {
    open();
    const { id, secret } = await create('alice');
    await redis.cli('DEL', `session:${id}`);
    await redis.cli('HDEL', 'all_session_secrets', secret);
    expect(await manager.findBySecret(new Secret(secret))).toBeUndefined();
    expect(await manager.listByUser('alice')).toEqual([]);
    expect(await manager.listByUser(undefined)).toEqual([]);
    expect(await manager.remove(Number(id))).toBe(true);
  });

  test('a secret that leads to a session with another one opens nothing', async () => {
    open();
    const { id } = await create('alice');
    await redis.cli('HSET', 'all_session_secrets', 'b'.repeat(64), id);
    expect(await manager.findBySecret(new Secret('b'.repeat(64)))).toBeUndefined();
  });

  test('what is no session is a fault, and names the key', async () => {
    open();
    const { id, secret } = await create('alice');
    await redis.cli('HSET', `session:${id}`, 'created', 'yesterday');
    const finding = manager.findBySecret(new Secret(secret));
    await expect(finding).rejects.toThrow(`What stands at session:${id} in Redis is no session of DMOD.`);
  });

  test('a cluster is refused, and why is said', () => {
    const options = { cluster: ['redis://127.0.0.1:1'], layout: 'dmod' } as const;
    expect(() => redisSessionManager(options)).toThrow('layout must not be dmod in a cluster: DMOD keeps all secrets');
    open();
  });
});
