import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { allOf, firstOf } from '../../../src/adapters/authenticators/chain.js';
import type { AuthenticationOutcome, Authenticator, Credentials } from '../../../src/adapters/ports.js';
import { type CacheOptions, cached } from '../../../src/adapters/resilience/index.js';
import { ClosedError, ConfigurationError, Secret, staticAuthenticator } from '../../../src/index.js';
import { findSecret } from '../../../src/testing/find-secret.js';
import { authenticatorContract, createTestOrchestrator, simulatedClock } from '../../../src/testing/index.js';
import { said, type Word } from '../../support/said.js';

interface Asked {
  username?: string;
  secret?: string;
  ipAddress?: string;
  oneTimeCode?: string;
}

function ask(authenticator: Authenticator, asked: Asked = {}): Promise<AuthenticationOutcome> {
  const { username = 'alice', secret = 'marked-user-secret-1', ipAddress, oneTimeCode } = asked;
  const credentials: Credentials = { username, secret: new Secret(secret), ipAddress };
  if (oneTimeCode !== undefined) credentials.oneTimeCode = new Secret(oneTimeCode);
  return authenticator.authenticate(credentials, { signal: new AbortController().signal });
}

/** A cache over a backend whose answers can be changed. */
function stage(options: CacheOptions = {}, first: Word | (() => AuthenticationOutcome) = 'yes') {
  const clock = simulatedClock();
  let word = first;
  const backend = said('corp', (credentials, callOptions) =>
    typeof word === 'function' ? word() : said('corp', word).authenticate(credentials, callOptions),
  );
  const cache = cached(backend, { clock, ttl: 1_000, ...options });
  return {
    clock,
    backend,
    cache,
    says(next: typeof word) {
      word = next;
    },
    /** How often the backend is asked for these, one after the other. */
    async asks(...asked: Asked[]): Promise<number> {
      const before = backend.seen.length;
      for (const one of asked) await ask(cache, one).catch(() => {});
      return backend.seen.length - before;
    },
  };
}

describe('a yes', () => {
  test('is repeated for a while, and then asked for again', async () => {
    const { clock, asks } = stage();
    expect(await asks({}, {}, {})).toBe(1);
    clock.increment(999);
    expect(await asks({})).toBe(0);
    clock.increment(1);
    expect(await asks({}, {})).toBe(1);
  });

  test('that is repeated lives no longer for it', async () => {
    const { clock, asks } = stage();
    await asks({});
    clock.increment(600);
    expect(await asks({})).toBe(0);
    clock.increment(600);
    expect(await asks({})).toBe(1);
  });

  test('is repeated as it was, and the path says by whom', async () => {
    const whole = { outcome: 'authenticated', user: 'a', groups: ['g'], claims: { deep: [{ c: 1 }] } } as const;
    const { cache } = stage({}, () => ({
      ...whole,
      path: [{ backend: 'x', outcome: 'authenticated', milliseconds: 9 }],
    }));
    expect((await ask(cache)).path).toEqual([{ backend: 'x', outcome: 'authenticated', milliseconds: 9 }]);
    expect(await ask(cache)).toEqual({
      ...whole,
      path: [{ backend: 'corp', outcome: 'authenticated', cause: 'cached', milliseconds: 0 }],
    });
  });

  test('is for the same name, secret and address only', async () => {
    const { asks } = stage();
    const base = { username: 'alice', secret: 'marked-secret', ipAddress: '192.0.2.1' };
    expect(await asks(base)).toBe(1);
    const others = [
      { ...base, username: 'alic' },
      { ...base, username: 'alice"' },
      { ...base, secret: 'marked-secre' },
      { ...base, username: 'alicem', secret: 'arked-secret' },
      { ...base, username: 'alice","marked-secret', secret: '' },
      { ...base, ipAddress: '192.0.2.2' },
      { ...base, ipAddress: '' },
      { username: 'alice', secret: 'marked-secret' },
    ];
    expect(await asks(...others)).toBe(others.length);
    expect(await asks(base)).toBe(0);
  });

  test('that somebody changes is not repeated so', async () => {
    const deep = { list: ['a'] };
    const { cache } = stage({}, () => ({ outcome: 'authenticated', user: 'alice', groups: ['g'], claims: { deep } }));
    for (let call = 0; call < 3; call++) {
      const outcome = await ask(cache);
      expect(outcome).toMatchObject({ user: 'alice', groups: ['g'], claims: { deep: { list: ['a'] } } });
      const mine = outcome as unknown as { user: string; groups: string[]; claims: { deep: { list: string[] } } };
      mine.user = 'eve';
      mine.groups.push('admins');
      if (call > 0) mine.claims.deep.list.push('admin');
    }
    deep.list.push('changed by the backend');
    expect(await ask(cache)).toMatchObject({ claims: { deep: { list: ['a'] } } });
  });

  test('with claims that cannot be copied is not kept', async () => {
    const { asks, cache } = stage({}, () => ({ outcome: 'authenticated', user: 'a', claims: { f: () => 1 } }));
    expect(await asks({}, {})).toBe(2);
    expect(cache.size).toBe(0);
  });

  test('is kept no longer than it lasts, by the wall clock', async () => {
    const { clock, cache, asks, says } = stage({ ttl: 10_000 });
    says(() => ({ outcome: 'authenticated', user: 'a', expiresAt: clock.now() + 500 }));
    expect(await asks({}, {})).toBe(1);
    expect(await ask(cache)).toMatchObject({ expiresAt: clock.now() + 500 });
    clock.increment(499);
    expect(await asks({})).toBe(0);
    clock.increment(1);
    expect(await asks({})).toBe(1);
    clock.jump(500);
    expect(await asks({})).toBe(1);
  });

  test.each([0, -1, 1])('that lasts until %s is for once', async (expiresAt) => {
    const { asks, cache } = stage({}, () => ({ outcome: 'authenticated', user: 'a', expiresAt }));
    expect(await asks({}, {}, {})).toBe(3);
    expect(cache.size).toBe(0);
  });

  test('is no longer repeated because the wall clock goes back', async () => {
    const { clock, asks } = stage();
    await asks({});
    clock.increment(1_000);
    clock.jump(-5_000);
    expect(await asks({})).toBe(1);
  });

  test('outlives the backend: who has just been let in is let in while it is down', async () => {
    const { asks, says, cache } = stage();
    await asks({});
    says('fault');
    expect(await ask(cache)).toMatchObject({ outcome: 'authenticated' });
    await expect(ask(cache, { username: 'bob' })).rejects.toThrow('corp is down');
  });
});

describe('nothing else is kept', () => {
  test.each<Word>(['wrong', 'unknown', 'no', 'fault', 'overload', 'garbage'])(
    '%s is asked for each time',
    async (word) => {
      const { asks, cache, says } = stage({}, word);
      expect(await asks({}, {}, {})).toBe(3);
      expect(cache.size).toBe(0);
      says('yes');
      expect(await ask(cache)).toMatchObject({ outcome: 'authenticated' });
    },
  );

  test('a wrong secret is a guess at the backend each time, whoever was let in before', async () => {
    const { asks, says } = stage();
    await asks({});
    says('wrong');
    expect(await asks({ secret: 'guess-1' }, { secret: 'guess-1' }, { secret: 'guess-2' })).toBe(3);
  });

  test('a one-time code is never looked up and never kept', async () => {
    const { asks, cache } = stage();
    await asks({});
    expect(await asks({ oneTimeCode: '123456' }, { oneTimeCode: '123456' })).toBe(2);
    expect(cache.size).toBe(1);
  });

  test('a secret with a code in it is asked for each time, around and within a composition', async () => {
    const codes = said('codes', 'yes');
    const around = cached(firstOf([allOf([said('corp', 'yes'), codes], { split: ',' })]));
    for (let call = 0; call < 3; call++) await ask(around, { secret: 'password,123456' });
    expect(codes.seen).toHaveLength(3);
    const corp = said('corp', 'yes');
    const within = allOf([cached(corp), codes], { split: ',' });
    for (let call = 0; call < 3; call++) {
      expect(await ask(within, { secret: 'password,123456' })).toMatchObject({ outcome: 'authenticated' });
    }
    expect([corp.seen.length, codes.seen.length]).toEqual([1, 6]);
  });
});

describe('how many are kept', () => {
  test('is bounded, and the oldest goes first', async () => {
    const { asks, cache } = stage({ maxEntries: 3 });
    const users = ['a', 'b', 'c', 'd'].map((username) => ({ username }));
    expect(await asks(...users)).toBe(4);
    expect(cache.size).toBe(3);
    expect(await asks(...users.slice(1))).toBe(0);
    expect(await asks({ username: 'a' })).toBe(1);
    expect(await asks({ username: 'b' })).toBe(1);
    expect(cache.size).toBe(3);
  });

  test('is not more for many secrets of many users at once', async () => {
    const { cache } = stage({ maxEntries: 50 });
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => ask(cache, { username: `user-${n}` })));
    expect(cache.size).toBe(50);
  });

  test('shrinks as they expire and others come', async () => {
    const { clock, cache, asks } = stage({ maxEntries: 100 });
    await asks(...Array.from({ length: 50 }, (_, n) => ({ username: `user-${n}` })));
    clock.increment(1_000);
    await asks({ username: 'another' });
    expect(cache.size).toBe(1);
  });
});

describe('invalidate', () => {
  test('forgets one user, by either name, or all', async () => {
    const { asks, cache, says } = stage();
    says(() => ({ outcome: 'authenticated', user: 'corp:alice' }));
    await asks({}, { secret: 'another' });
    says('yes');
    await asks({ username: 'bob' });
    cache.invalidate('nobody');
    expect(cache.size).toBe(3);
    cache.invalidate('corp:alice');
    expect(cache.size).toBe(1);
    await asks({});
    cache.invalidate('alice');
    expect(await asks({ username: 'bob' })).toBe(0);
    cache.invalidate();
    expect([cache.size, await asks({}, { username: 'bob' })]).toEqual([0, 2]);
  });

  test('an answer that was under way is not kept: it may be older than what has changed', async () => {
    let answer = (_: AuthenticationOutcome) => {};
    const backend = said('corp', () => new Promise((resolve) => (answer = resolve)));
    const cache = cached(backend);
    const call = ask(cache);
    cache.invalidate('alice');
    answer({ outcome: 'authenticated', user: 'alice' });
    expect(await call).toMatchObject({ outcome: 'authenticated' });
    expect(cache.size).toBe(0);
  });
});

test('ASVS 16.2.5: no secret is in what the cache shows', async () => {
  const { cache, asks } = stage();
  await asks({ secret: 'marked-user-secret-1' });
  expect(findSecret(cache, 'marked-user-secret-1')).toBeUndefined();
});

test('the end forgets everything, closes the backend once, and asks nobody afterwards', async () => {
  const { cache, asks, backend } = stage();
  await asks({});
  await Promise.all([cache.close(), cache.close()]);
  expect([cache.size, backend.closed]).toEqual([0, 1]);
  await expect(ask(cache)).rejects.toThrow(ClosedError);
  expect(backend.seen).toHaveLength(1);
});

test('an answer that comes after the end is not kept', async () => {
  let answer = (_: AuthenticationOutcome) => {};
  const cache = cached(said('corp', () => new Promise((resolve) => (answer = resolve))));
  const call = ask(cache);
  await cache.close();
  answer({ outcome: 'authenticated', user: 'alice' });
  await call;
  expect(cache.size).toBe(0);
});

test('probe reaches the backend, and is there only if it has one', async () => {
  const signal = new AbortController().signal;
  await expect(cached(said('corp', 'fault')).probe?.({ signal })).rejects.toThrow('corp is down');
  expect(cached(staticAuthenticator({ users: {} })).probe).toBeUndefined();
});

test.each<[object, RegExp]>([
  [{ ttl: 0 }, /ttl is a whole number from 1 to 300000/],
  [{ ttl: 300_001 }, /ttl is a whole number from 1 to 300000/],
  [{ ttl: Number.POSITIVE_INFINITY }, /ttl/],
  [{ maxEntries: 0 }, /maxEntries is a whole number/],
  [{ TTL: 5 }, /Is ttl meant\?/],
])('%j is refused', (options, problem) => {
  expect(() => cached(said('corp', 'yes'), options as CacheOptions)).toThrow(problem);
  expect(() => cached({} as Authenticator, options as CacheOptions)).toThrow(ConfigurationError);
});

test('whatever happens, a yes is repeated only within its time, and nothing else ever', async () => {
  const event = fc.oneof(
    fc.record({
      username: fc.constantFrom('a', 'b', 'c'),
      secret: fc.constantFrom('1', '2'),
      word: fc.constantFrom<Word>('yes', 'yes', 'wrong', 'fault'),
    }),
    fc.integer({ min: 1, max: 800 }),
    fc.constantFrom('a', undefined),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
      const { clock, backend, cache, says } = stage({ maxEntries: 1_000 });
      const until = new Map<string, number>();
      for (const one of events) {
        if (typeof one === 'number') clock.increment(one);
        else if (typeof one === 'object') {
          const id = `${one.username} ${one.secret}`;
          const isKnown = clock.monotonic() < (until.get(id) ?? 0);
          says(one.word);
          const before = backend.seen.length;
          const outcome = await ask(cache, one).catch(() => undefined);
          expect(backend.seen.length - before).toBe(isKnown ? 0 : 1);
          expect(outcome?.outcome === 'authenticated').toBe(isKnown || one.word === 'yes');
          if (!isKnown && one.word === 'yes') until.set(id, clock.monotonic() + 1_000);
        } else {
          cache.invalidate(one);
          for (const id of until.keys()) if (one === undefined || id.startsWith(`${one} `)) until.delete(id);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('an init from the cache succeeds, and its record says so', async () => {
  const clock = simulatedClock();
  const world = createTestOrchestrator({ clock, authenticator: cached(said('corp', 'yes'), { clock }) });
  await world.ask();
  await world.ask();
  expect(world.records.map(({ state, path }) => [state, path?.[0]?.cause])).toEqual([
    ['authorized', undefined],
    ['authorized', 'cached'],
  ]);
  await world.close();
});

const users = [
  { username: 'ada', secret: 'Marked-Secret-1', groups: ['staff'] },
  { username: 'bob', secret: 'Marked-Secret-2', groups: ['ops'] },
];

describe('the contract of an authenticator', () => {
  const create = () =>
    cached(
      staticAuthenticator({
        users: Object.fromEntries(users.map((user) => [user.username, user.secret])),
        groups: Object.fromEntries(users.map((user) => [user.username, user.groups])),
      }),
    );
  const createBroken = () => cached(said('down', 'fault'));
  test.each(authenticatorContract({ create, users, createBroken }))('$name', ({ run }) => run());
});
