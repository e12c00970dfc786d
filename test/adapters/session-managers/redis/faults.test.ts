import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  type RedisSessionManager,
  type RedisSessionManagerOptions,
  redisSessionManager,
} from '../../../../src/adapters/session-managers/redis.js';
import { systemClock } from '../../../../src/model/clock.js';
import { BackendFaultError, ClosedError, DeadlineExceededError } from '../../../../src/model/errors.js';
import { FaultProxy } from '../../../support/fault-proxy.js';
import { News } from '../../../support/news.js';
import { root } from '../../../support/package-exports.js';
import { Redis } from '../../../support/redis.js';
import { describeWith, redisServer } from '../../../support/requires.js';

const PASSWORD = 'marked-redis-password';
const { signal } = new AbortController();

describe('what redisSessionManager refuses', () => {
  const url = 'redis://127.0.0.1:6379';
  test.each<[RedisSessionManagerOptions, string]>([
    [{}, 'Exactly one of url, cluster and sentinel must be given.'],
    [{ url, cluster: [url] }, 'Exactly one of url, cluster and sentinel must be given.'],
    [{ cluster: [] }, 'cluster must name a server.'],
    [{ sentinel: { name: '', nodes: [url] } }, 'sentinel.name must be given.'],
    [{ url: 'http://127.0.0.1' }, 'url must be redis://host:port/database'],
    [{ url: `${url}/16a` }, 'url must be redis://host:port/database'],
    [{ url: `${url}?family=4` }, 'url must be redis://host:port/database'],
    [{ cluster: [url, 'rediss://127.0.0.1:6380'] }, 'cluster must be all redis:// or all rediss://.'],
    [{ cluster: [`${url}/1`] }, 'cluster must not name a database.'],
    [{ url, ca: 'a certificate' }, 'ca and servername are of use with rediss:// alone.'],
    [{ url: 'rediss://127.0.0.1', ca: ['a certificate'] }, 'ca must hold certificates in PEM.'],
    [{ url, password: '' }, 'password must be a Secret, or a text that is not empty.'],
    [{ url, timeout: 0 }, 'timeout must be a positive integer of milliseconds.'],
    [{ url, prefix: 'a{b}' }, 'prefix must be a text without braces.'],
    [{ url, prefix: '' }, 'prefix must be a text without braces.'],
    [{ url, timeFrom: 'node' as 'store' }, 'timeFrom must be store or clock.'],
    [{ url, layout: 'other' as 'dmod' }, 'layout must be session-init or dmod.'],
    [{ url, uri: 'x' } as RedisSessionManagerOptions, 'has no option uri'],
  ])('%j', (options, problem) => {
    expect(() => redisSessionManager(options)).toThrow(problem);
  });

  test('ASVS 16.2.5: a URL that cannot be used is not repeated, since it may hold a password', () => {
    const making = () => redisSessionManager({ url: `redis://sessions:${PASSWORD}@127.0.0.1:6379?x` });
    expect(making).toThrow('url must be');
    expect(making).not.toThrow(PASSWORD);
  });
});

describeWith(redisServer, 'redisSessionManager, where Redis fails', () => {
  let manager: RedisSessionManager;
  let servers: Redis[] = [];
  let proxies: FaultProxy[] = [];
  afterEach(async () => {
    await manager.close?.();
    for (const proxy of proxies) await proxy.close();
    for (const server of servers) await server.stop();
    [servers, proxies] = [[], []];
  });

  async function start(...settings: string[]): Promise<Redis> {
    const server = await Redis.start(...settings);
    servers.push(server);
    return server;
  }

  async function proxyOf({ port }: Redis): Promise<FaultProxy> {
    const proxy = await FaultProxy.start(port);
    proxies.push(proxy);
    return proxy;
  }

  const create = (user = 'alice') => manager.create({ user, ipAddress: '192.0.2.1' }, { signal });

  async function created(user = 'alice') {
    const creation = await create(user);
    if (creation.outcome !== 'created') throw new Error(creation.outcome);
    return creation.session;
  }

  /** What comes of a call once it no longer fails. */
  async function recovered<Result>(call: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (attempt === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  test('ASVS 16.2.5: a password that is refused is in no part of the error', async () => {
    const { port } = await start('--requirepass', 'marked-other-password');
    manager = redisSessionManager({ url: `redis://default:${PASSWORD}@127.0.0.1:${port}` });
    const error = await manager.open().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackendFaultError);
    expect((error as Error).message).toMatch(/refuses the account or its password|asks for a password/);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(PASSWORD);
  });

  test('the account needs no more than the rules that are documented, and what it lacks is told', async () => {
    const page = readFileSync(join(root, 'docs/adapters/redis.md'), 'utf8');
    const [, rules = ''] = /^user sessions on >password (.+)$/m.exec(page) ?? [];
    const server = await start();
    await server.cli('ACL', 'SETUSER', 'sessions', 'on', `>${PASSWORD}`, ...rules.split(' '));
    const account = { url: server.url, username: 'sessions', password: PASSWORD };
    manager = redisSessionManager({ ...account, maxSessionsPerUser: 1 });
    const heard = new News();
    manager.watch?.(heard);
    await manager.open();
    const [first, second] = [await created(), await created()];
    await manager.refresh(second.session_id);
    expect(await manager.findById(first.session_id)).toBeUndefined();
    expect(await manager.listByUser('alice')).toHaveLength(1);
    expect(await manager.listByUser(undefined)).toHaveLength(1);
    expect(await manager.removeExpired(10)).toEqual([]);
    expect(await manager.remove(second.session_id)).toBe(true);
    await manager.probe?.({ signal });
    await server.cli('ACL', 'SETUSER', 'sessions', '-zadd');
    await expect(create()).rejects.toThrow('the account may not do what is needed');
    expect(heard.missedCount).toBe(0);
  });

  test('a server that is not there is told, and found when it comes', async () => {
    const server = await start();
    await server.kill();
    manager = redisSessionManager({ url: server.url });
    await expect(manager.open()).rejects.toThrow(/^Redis cannot be reached: .*ECONNREFUSED/);
    await expect(create()).rejects.toBeInstanceOf(BackendFaultError);
    await server.run();
    expect((await recovered(created)).user).toBe('alice');
  });

  test('a server that is full says so; what is there is found and can be ended', async () => {
    const server = await start();
    manager = redisSessionManager({ url: server.url });
    const session = await created();
    await server.cli('CONFIG', 'SET', 'maxmemory', '1');
    const error = await create().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackendFaultError);
    expect((error as Error).message).toBe(
      'Redis failed: it is full: maxmemory is reached. Give it more memory, or more servers.',
    );
    expect((await manager.findById(session.session_id))?.user).toBe('alice');
    expect(await manager.remove(session.session_id)).toBe(true);
    await server.cli('CONFIG', 'SET', 'maxmemory', '0');
    expect((await created()).user).toBe('alice');
  });

  test('ASVS 13.1.3: a server that stands still costs no more than the time-out, and a creation that it does later is undone', async () => {
    const server = await start();
    manager = redisSessionManager({ url: server.url, timeout: 1_000, limitPolicy: 'refuse', maxSessionsPerUser: 2 });
    await created();
    server.pause();
    await expect(create()).rejects.toBeInstanceOf(Error);
    server.resume();
    const [first] = await recovered(async () => {
      const sessions = await manager.listByUser('alice');
      if (sessions.length !== 1) throw new Error(`There are ${sessions.length} sessions.`);
      return sessions;
    });
    await created();
    expect((await create()).outcome).toBe('limitReached');
    expect(first?.user).toBe('alice');
  });

  test.each(['garbage', 'cut', 'refuse', 'blackHole'] as const)(
    '%s on the way to it: a fault, and it recovers by itself',
    async (fault) => {
      const proxy = await proxyOf(await start());
      manager = redisSessionManager({ url: `redis://127.0.0.1:${proxy.port}`, timeout: 1_000 });
      const { session_id } = await created();
      proxy.fault = fault;
      const error = await manager.findById(session_id).catch((cause: unknown) => cause);
      expect([BackendFaultError, DeadlineExceededError]).toContain((error as Error).constructor);
      proxy.fault = 'pass';
      proxy.cut();
      expect((await recovered(() => manager.findById(session_id)))?.user).toBe('alice');
    },
  );

  test('a connection that was lost and is there again: a look-up does not notice', async () => {
    const server = await start();
    manager = redisSessionManager({ url: server.url });
    const { session_secret: secret } = await created();
    if (secret === undefined) throw new Error('There is no secret.');
    for (let i = 0; i < 5; i++) {
      const findings = Promise.all(Array.from({ length: 20 }, () => manager.findBySecret(secret)));
      await server.cli('CLIENT', 'KILL', 'TYPE', 'normal');
      expect((await findings).every((session) => session?.user === 'alice')).toBe(true);
    }
  });

  test('close ends what is under way', async () => {
    const server = await start();
    manager = redisSessionManager({ url: server.url });
    await created();
    server.pause();
    const finding = manager.findById(1);
    await manager.close?.();
    await expect(finding).rejects.toBeInstanceOf(ClosedError);
    server.resume();
  });

  test('a node whose clock is a minute off goes by the clock of Redis', async () => {
    const server = await start();
    for (const offset of [60_000, -60_000]) {
      const clock = { ...systemClock, now: () => Date.now() + offset };
      manager = redisSessionManager({ url: server.url, clock, idleTimeout: 30_000 });
      const session = await created();
      const other = redisSessionManager({ url: server.url, idleTimeout: 30_000 });
      expect(Math.abs(Number(session.created) - Date.now())).toBeLessThan(20_000);
      expect((await other.findById(session.session_id))?.user).toBe('alice');
      await other.close?.();
      await manager.close?.();
    }
  });

  test('CS Session: of a secret there is its hash alone, and every key expires by itself', async () => {
    const server = await start();
    manager = redisSessionManager({ url: server.url, limitPolicy: 'refuse' });
    const { session_secret: secret } = await created();
    const { session_id } = await created('bob');
    await manager.refresh(session_id);
    const keys = (await server.cli('KEYS', '*')).split('\n');
    expect(keys).toHaveLength(2 * 5);
    for (const key of keys) {
      expect(Number(await server.cli('PTTL', key))).toBeGreaterThan(30 * 60_000);
      expect(key).not.toContain(secret?.reveal());
      const read = (await server.cli('TYPE', key)) === 'string' ? ['GET', key] : ['ZRANGE', key, '0', '-1'];
      expect(await server.cli(...read)).not.toContain(secret?.reveal());
    }
  });
});
