import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { redisGuessStore } from '../../../../src/adapters/session-managers/redis/guess-store.js';
import { usedStepsInRedis } from '../../../../src/adapters/session-managers/redis/used-steps.js';
import {
  BackendFaultError,
  ClosedError,
  type ConfigurationError,
  DeadlineExceededError,
} from '../../../../src/model/errors.js';
import { simulatedClock } from '../../../../src/testing/simulated-clock.js';
import { FaultProxy } from '../../../support/fault-proxy.js';
import { guessStoreCases, usedStepsCases } from '../../../support/guess-store-cases.js';
import { checkAgainstModel, LEASE, rulesOf, WINDOW } from '../../../support/guess-store-model.js';
import { Redis, RedisCluster } from '../../../support/redis.js';
import { describeWith, redisServer } from '../../../support/requires.js';

describeWith(redisServer, 'redisGuessStore', () => {
  let redis: Redis;
  const closing: { close(): Promise<void> }[] = [];
  let stores = 0;
  const open = (options = {}) => {
    const store = redisGuessStore({ url: redis.url, prefix: `test-${stores}`, ...options });
    closing.push(store);
    return store;
  };

  beforeAll(async () => {
    redis = await Redis.start();
  });
  afterEach(async () => {
    stores++;
    for (const it of closing.splice(0)) await it.close();
  });
  afterAll(() => redis.stop());

  guessStoreCases(open);
  usedStepsCases(() => {
    const steps = usedStepsInRedis({ url: redis.url });
    closing.push(steps);
    return steps;
  });

  test('P8: it is the model, whatever comes', () =>
    checkAgainstModel(
      (clock) => redisGuessStore({ url: redis.url, prefix: `model-${stores++}`, timeFrom: 'clock', clock }),
      { isShared: true, runs: 25 },
    ));

  test('P8: in a cluster, too', async () => {
    const cluster = await RedisCluster.start();
    try {
      await checkAgainstModel(
        (clock) => redisGuessStore({ cluster: cluster.urls, prefix: `model-${stores++}`, timeFrom: 'clock', clock }),
        { isShared: true, runs: 5 },
      );
    } finally {
      await cluster.stop();
    }
  });

  test('P5: names and addresses are not to be found in it, and nothing stays for ever', async () => {
    const store = open();
    const attempt = { rules: rulesOf('account', 3, 3), key: 'marked-user-name', from: '192.0.2.77' };
    for (const verdict of ['succeeded', 'denied', 'denied'] as const) {
      const place = await store.reserve(attempt);
      if (place.outcome === 'reserved') await store.settle(attempt, place, verdict);
    }
    await store.settle(attempt, { outcome: 'reserved', atKnown: false, lease: 'gone 0' }, 'denied');
    await store.reserve({ ...attempt, from: '192.0.2.78' });
    const keys = (await redis.cli('KEYS', `test-${stores}*`)).split('\n');
    expect(keys).toHaveLength(3);
    for (const key of keys) {
      expect(key).toMatch(/^test-\d+:\{[\w-]{22}\}:(guesses|guesses-at-known|known)$/);
      expect(Number(await redis.cli('PTTL', key))).toBeGreaterThan(0);
      const [type] = [await redis.cli('TYPE', key)];
      const content = await redis.cli(...(type === 'zset' ? ['ZRANGE', key, '0', '-1'] : ['HGETALL', key]));
      expect(content).not.toMatch(/marked|192\.0\.2/);
    }
  });

  test('an honest attempt leaves nothing but the address behind', async () => {
    const store = open();
    for (const [kind, verdict] of [
      ['account', 'succeeded'],
      ['account', 'withdrawn'],
      ['address', 'succeeded'],
    ] as const) {
      const attempt = { rules: rulesOf(kind, 3, kind === 'account' ? 3 : 0), key: 'alice', from: 'home' };
      const place = await store.reserve(attempt);
      if (place.outcome === 'reserved') await store.settle(attempt, place, verdict);
    }
    expect(await redis.cli('KEYS', `test-${stores}*`)).toMatch(/^\S+:known$/);
  });

  test('a hundred addresses of an account are known: those used last', async () => {
    const clock = simulatedClock();
    const store = open({ timeFrom: 'clock', clock });
    const rules = rulesOf('account', 3, 3);
    for (let address = 0; address < 101; address++) {
      clock.increment(1);
      const attempt = { rules, key: 'alice', from: `${address}` };
      await store.settle(attempt, { outcome: 'reserved', atKnown: false, lease: 'gone 0' }, 'succeeded');
    }
    const known = await Promise.all(
      ['0', '1', '100'].map(async (from) => (await store.reserve({ rules, key: 'alice', from })).atKnown),
    );
    expect(known).toEqual([false, true, true]);
    clock.increment(90 * 86_400_000);
    expect(await store.reserve({ rules, key: 'alice', from: '100' })).toMatchObject({ atKnown: false });
  });

  test('an account with no more rights than the documentation names', async () => {
    const docs = readFileSync(new URL('../../../../docs/adapters/redis.md', import.meta.url), 'utf8');
    const rules = (/^user guesses on >password (.*)$/m.exec(docs)?.[1] ?? '').replace(
      'session-init:*',
      `test-${stores}:*`,
    );
    await redis.cli('ACL', 'SETUSER', 'guesses', 'on', '>marked-password', ...rules.split(' '));
    const account = { username: 'guesses', password: 'marked-password' };
    const store = open(account);
    const attempt = { rules: rulesOf('account', 2, 2), key: 'alice', from: 'home' };
    for (const verdict of ['denied', 'succeeded', 'withdrawn', 'denied'] as const) {
      const place = await store.reserve(attempt);
      if (place.outcome === 'reserved') await store.settle(attempt, place, verdict);
    }
    const outcomes = [await store.reserve(attempt), await store.reserve(attempt)].map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['reserved', 'busy']);
    const steps = usedStepsInRedis({ url: redis.url, prefix: `test-${stores}`, ...account });
    closing.push(steps);
    expect(await steps.claim('a', 1, Date.now(), new AbortController())).toBe(true);
  });

  describe('ASVS 16.5.3: a store that does not work', () => {
    const attempt = { rules: rulesOf('account', 1), key: 'alice' };

    test('that is not there, goes away and comes back: a fault each time, and no restart', async () => {
      const own = await Redis.start();
      const store = redisGuessStore({ url: own.url, timeout: 1_000 });
      try {
        const place = await store.reserve(attempt);
        await own.kill();
        await expect(store.reserve(attempt)).rejects.toThrow(BackendFaultError);
        if (place.outcome === 'reserved')
          await expect(store.settle(attempt, place, 'denied')).rejects.toThrow(/reached/);
        await own.run();
        let back = await store.reserve(attempt).catch(() => undefined);
        while (back === undefined) back = await store.reserve(attempt).catch(() => undefined);
        expect(back.outcome).toBe('reserved');
      } finally {
        await store.close();
        await own.stop();
      }
    });

    test.each(['blackHole', 'garbage', 'cut', 'refuse'] as const)(
      'one behind a proxy with a fault: %s',
      async (fault) => {
        const proxy = await FaultProxy.start(redis.port);
        const store = open({ url: `redis://127.0.0.1:${proxy.port}`, timeout: 1_000 });
        try {
          await store.open();
          proxy.fault = fault;
          const error = await store.reserve(attempt).catch((it) => it);
          expect([BackendFaultError, DeadlineExceededError]).toContain(error.constructor);
          proxy.fault = 'pass';
          let back = await store.reserve(attempt).catch(() => undefined);
          while (back === undefined) back = await store.reserve(attempt).catch(() => undefined);
        } finally {
          await store.close();
          await proxy.close();
        }
      },
    );

    test('a place whose answer was lost is given back', async () => {
      const proxy = await FaultProxy.start(redis.port);
      const store = open({ url: `redis://127.0.0.1:${proxy.port}`, timeout: 1_000 });
      await store.open();
      proxy.fault = 'cut';
      await expect(store.reserve(attempt)).rejects.toThrow(BackendFaultError);
      proxy.fault = 'pass';
      const direct = open();
      let answer = await direct.reserve(attempt);
      while (answer.outcome === 'busy') answer = await direct.reserve(attempt);
      expect(answer.outcome).toBe('reserved');
      await proxy.close();
    });

    test('that is full says so, and what to do', async () => {
      const own = await Redis.start('--maxmemory', '1', '--maxmemory-policy', 'noeviction');
      const store = redisGuessStore({ url: own.url });
      try {
        await expect(store.reserve(attempt)).rejects.toThrow(/it is full: maxmemory/);
      } finally {
        await store.close();
        await own.stop();
      }
    });

    test('that is closed', async () => {
      const store = open();
      await store.close();
      await store.close();
      await expect(store.reserve(attempt)).rejects.toThrow(ClosedError);
      await expect(store.reserve(attempt)).rejects.toThrow('The guess store redis is closed');
    });
  });

  test('what is wrong with the options is told, all at once', () => {
    const problems = (options: object) => {
      try {
        redisGuessStore(options as never);
        return [];
      } catch (error) {
        return (error as ConfigurationError).problems;
      }
    };
    expect(problems({ url: 'redis://h', prefix: 'a{b}', timeFrom: 'moon', prefx: 1 })).toEqual([
      expect.stringContaining('redisGuessStore has no option prefx.'),
      'prefix must be a text without braces.',
      'timeFrom must be store or clock.',
    ]);
    expect(problems({})).toEqual(['Exactly one of url, cluster and sentinel must be given.']);
  });

  test('places and failures end by the time of Redis, whatever this machine shows', async () => {
    const [early, late] = [open({ clock: wrongClock(-3_600_000) }), open({ clock: wrongClock(3_600_000) })];
    const attempt = { rules: rulesOf('account', 2), key: 'alice' };
    const places = [await early.reserve(attempt), await late.reserve(attempt)];
    expect((await early.reserve(attempt)).outcome).toBe('busy');
    for (const [index, place] of places.entries()) {
      if (place.outcome === 'reserved') await [early, late][index]?.settle(attempt, place, 'denied');
    }
    for (const store of [early, late]) {
      const answer = await store.reserve(attempt);
      expect(answer).toMatchObject({ outcome: 'locked', retryAfter: expect.any(Number) });
      if (answer.outcome === 'locked') expect(answer.retryAfter).toBeLessThanOrEqual(WINDOW);
      if (answer.outcome === 'locked') expect(answer.retryAfter).toBeGreaterThan(WINDOW - LEASE);
    }
  });
});

function wrongClock(error: number) {
  return {
    now: () => Date.now() + error,
    monotonic: () => performance.now(),
    setTimeout: (callback: () => void, delay: number) => setTimeout(callback, delay),
    clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
  };
}
