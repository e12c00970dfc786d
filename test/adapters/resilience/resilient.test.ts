import { afterEach, describe, expect, test } from '@jest/globals';
import type { AuthenticationOutcome, Authenticator } from '../../../src/adapters/ports.js';
import { type ResilienceOptions, resilient } from '../../../src/adapters/resilience/index.js';
import {
  allowAllAuthorizer,
  BackendFaultError,
  ConfigurationError,
  DeadlineExceededError,
  DefectError,
  FailedSessionInitInfo,
  groupsAuthorizer,
  OverloadedError,
  staticAuthenticator,
} from '../../../src/index.js';
import {
  authenticatorContract,
  authorizerContract,
  createTestOrchestrator,
  simulatedClock,
} from '../../../src/testing/index.js';
import { credentials, stage } from '../../support/guarded-backend.js';
import { said, type Word } from '../../support/said.js';

describe('what a backend says', () => {
  test('is passed on, with its path and whatever else', async () => {
    const path = [{ backend: 'x', outcome: 'authenticated', milliseconds: 1 }] as const;
    const whole = { outcome: 'authenticated', user: 'a', groups: ['g'], claims: { c: 1 }, expiresAt: 5, path } as const;
    const guarded = resilient(said('corp', () => whole));
    const signal = new AbortController().signal;
    expect(await guarded.authenticate(credentials, { signal })).toEqual(whole);
    expect(await resilient(said('corp', 'wrong')).authenticate(credentials, { signal })).toMatchObject({
      outcome: 'denied',
      cause: 'wrongSecret',
    });
    expect(guarded.name).toBe('corp');
  });

  test.each<[Word, string]>([
    ['fault', 'corp is down'],
    ['overload', 'overloaded'],
    ['defect', 'defect'],
    ['garbage', 'backend_fault'],
  ])('%s is passed on as an error', async (word, expected) => {
    expect(await (await stage()).call(word)).toBe(expected);
  });

  test('of an authorizer is passed on, too', async () => {
    const signal = new AbortController().signal;
    const guarded = resilient(groupsAuthorizer({ anyOf: ['staff'] }));
    expect(await guarded.authorize({ user: 'a', groups: ['staff'] }, { signal })).toEqual({ outcome: 'authorized' });
    expect(await guarded.authorize({ user: 'a' }, { signal })).toEqual({ outcome: 'denied', cause: 'missingGroup' });
    const garbled = resilient({ name: 'x', authorize: async () => ({ outcome: 'perhaps' }) as never });
    await expect(garbled.authorize({ user: 'a' }, { signal })).rejects.toThrow(BackendFaultError);
  });
});

describe('ASVS 13.1.3: the deadline of a call', () => {
  test('ends it, and aborts its signal, whether the backend heeds that or not', async () => {
    for (const hangs of ['hang', () => new Promise<never>(() => {})] as const) {
      const { call, clock, signals } = await stage({ deadline: 1_500 });
      const answer = call(hangs);
      await clock.advance(1_499);
      expect(signals[0]?.aborted).toBe(false);
      await clock.advance(1);
      expect(await answer).toBe('deadline_exceeded');
      expect(signals[0]?.aborted).toBe(true);
    }
  });

  test('leaves no timer behind', async () => {
    const { call, clock } = await stage();
    for (const word of ['yes', 'wrong', 'fault', 'overload'] as const) await call(word);
    expect(clock.pending).toBe(0);
  });
});

describe('the bound on calls under way', () => {
  test('so many are asked, so many wait in turn, and one more is an overload', async () => {
    const { call, backend, clock } = await stage({ maxConcurrent: 2, maxQueued: 3, deadline: 100 });
    const release: (() => void)[] = [];
    const slow = () =>
      new Promise<AuthenticationOutcome>((resolve) =>
        release.push(() => resolve({ outcome: 'authenticated', user: 'a' })),
      );
    const calls = Array.from({ length: 6 }, () => call(slow));
    await clock.advance(0);
    expect(backend.seen).toHaveLength(2);
    expect(await calls[5]).toBe('overloaded');
    for (let done = 0; done < 5; done++) {
      release[done]?.();
      await clock.advance(0);
    }
    expect(await Promise.all(calls)).toEqual([...Array(5).fill('yes'), 'overloaded']);
  });

  test('a backend that never answers gives its places back at the deadline, and works again afterwards', async () => {
    const { call, clock } = await stage({ maxConcurrent: 2, maxQueued: 0, deadline: 100, breaker: false });
    for (let round = 0; round < 3; round++) {
      const calls = [call(() => new Promise(() => {})), call(), call()];
      await clock.advance(100);
      expect(await Promise.all(calls)).toEqual(['deadline_exceeded', 'deadline_exceeded', 'overloaded']);
    }
    expect(await call('yes')).toBe('yes');
  });

  test('who gives up while waiting is never asked for, and leaves the place to others', async () => {
    const { call, backend, clock } = await stage({ maxConcurrent: 1, maxQueued: 1, deadline: 100 });
    const first = call('hang');
    await clock.advance(0);
    const caller = new AbortController();
    const second = call('hang', caller.signal);
    await clock.advance(0);
    expect(await call('hang')).toBe('overloaded');
    caller.abort(new Error('gone'));
    expect(await second).toBe('gone');
    const third = call('yes');
    await clock.advance(100);
    expect([await first, await third]).toEqual(['deadline_exceeded', 'yes']);
    expect(backend.seen).toHaveLength(2);
  });

  test('who waits when the breaker opens is told at once', async () => {
    const { call, backend, clock } = await stage({
      maxConcurrent: 2,
      maxQueued: 50,
      deadline: 100,
      breaker: { failures: 2 },
    });
    const calls = Array.from({ length: 52 }, () => call('hang'));
    await clock.advance(100);
    // One got the place of the first that failed, before the second failure opened the breaker.
    expect(await Promise.all([...calls.slice(0, 2), ...calls.slice(3)])).toEqual([
      ...Array(2).fill('deadline_exceeded'),
      ...Array(49).fill('open'),
    ]);
    await clock.advance(100);
    expect(await calls[2]).toBe('deadline_exceeded');
    expect(backend.seen).toHaveLength(3);
  });

  test('a call that was given up before it began asks nobody', async () => {
    const { call, backend } = await stage();
    const caller = new AbortController();
    caller.abort(new Error('gone'));
    expect(await call('yes', caller.signal)).toBe('gone');
    expect(backend.seen).toHaveLength(0);
  });
});

describe('the end', () => {
  test('closes the backend once, and asks nobody afterwards, not even for who waits', async () => {
    const { call, guarded, backend, clock } = await stage({ maxConcurrent: 1, deadline: 100 });
    const [first, second] = [call('hang'), call('hang')];
    await clock.advance(0);
    await Promise.all([guarded.close(), guarded.close()]);
    expect(await call('yes')).toBe('closed');
    await clock.advance(100);
    expect([await first, await second]).toEqual(['deadline_exceeded', 'closed']);
    expect([backend.closed, backend.seen.length]).toEqual([1, 1]);
  });

  test('of a backend without close is fine', async () => {
    await expect(resilient(allowAllAuthorizer()).close()).resolves.toBeUndefined();
  });
});

describe('probe', () => {
  test('reaches the backend past the breaker, and is there only if the backend has one', async () => {
    const down = resilient(said('corp', 'fault'), { breaker: { failures: 1 } });
    const signal = new AbortController().signal;
    await expect(down.probe?.({ signal })).rejects.toThrow('corp is down');
    await expect(resilient(said('corp', 'yes')).probe?.({ signal })).resolves.toBeUndefined();
    expect(resilient(staticAuthenticator({ users: {} })).probe).toBeUndefined();
  });
});

describe('an init', () => {
  const worlds: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.close();
  });

  test.each<[Word, string]>([
    ['yes', 'session'],
    ['wrong', 'AUTHENTICATION_DENIED'],
    ['fault', 'AUTHENTICATION_SYS_FAIL'],
    ['garbage', 'AUTHENTICATION_SYS_FAIL'],
    ['hang', 'AUTHENTICATION_SYS_FAIL'],
    ['overload', 'OTHER'],
    ['defect', 'UNKNOWN'],
  ])('on a backend that says %s ends with %s', async (word, reason) => {
    const clock = simulatedClock();
    const world = createTestOrchestrator({ clock, authenticator: resilient(said('corp', word), { clock }) });
    worlds.push(world);
    const { data } = await world.ask();
    expect(data instanceof FailedSessionInitInfo ? data.reason : 'session').toBe(reason);
  });

  test('on a backend behind an open breaker ends at once as AUTHENTICATION_SYS_FAIL, and counts as no guess', async () => {
    const clock = simulatedClock();
    const backend = said('corp', 'hang');
    const authenticator = resilient(backend, { clock, deadline: 1_000, breaker: { failures: 1 } });
    const throttle = { account: { maxFailures: 1, window: 60_000 }, trustKnownAddresses: false };
    const world = createTestOrchestrator({ clock, authenticator, throttle });
    worlds.push(world);
    await world.ask();
    for (let init = 0; init < 5; init++) {
      // No time passes here: who waits for it would wait for ever.
      expect((await world.init()).data).toMatchObject({ reason: 'AUTHENTICATION_SYS_FAIL' });
    }
    expect(backend.seen).toHaveLength(1);
    expect(world.records.at(-1)).toMatchObject({ duration: 0 });
  });

  test('that the deadline of the phase ends first says nothing about the backend', async () => {
    const clock = simulatedClock();
    for (const hangs of ['hang', () => new Promise<never>(() => {})] as const) {
      const backend = said('corp', hangs);
      const authenticator = resilient(backend, { clock, deadline: 4_000, breaker: { failures: 1 } });
      const world = createTestOrchestrator({ clock, authenticator, deadlines: { authentication: 500 } });
      worlds.push(world);
      for (let init = 0; init < 3; init++) {
        expect((await world.ask()).data).toMatchObject({ reason: 'AUTH_ATTEMPT_TIMEOUT' });
        await clock.advance(5_000);
      }
      expect(backend.seen).toHaveLength(3);
    }
  });

  test('behind a firstOf that goes on, an open breaker costs the others nothing', async () => {
    const { firstOf } = await import('../../../src/adapters/authenticators/chain.js');
    const clock = simulatedClock();
    const directory = resilient(said('corp', 'hang'), { clock, deadline: 1_000, breaker: { failures: 1 } });
    const authenticator = firstOf([directory, said('local', 'yes')], { onFault: 'continue', clock });
    const world = createTestOrchestrator({ clock, authenticator });
    worlds.push(world);
    await world.ask();
    expect((await world.init()).data).toMatchObject({ user: 'local:alice' });
    expect(world.records.map(({ path }) => path?.map(({ milliseconds }) => milliseconds))).toEqual([
      [1_000, 0],
      [0, 0],
    ]);
  });

  test('on an authorizer behind an open breaker fails closed', async () => {
    const clock = simulatedClock();
    const down = { name: 'policy', authorize: () => Promise.reject(new Error('down')) };
    const world = createTestOrchestrator({ clock, authorizer: resilient(down, { clock, breaker: { failures: 1 } }) });
    worlds.push(world);
    for (let init = 0; init < 3; init++) {
      expect((await world.ask()).data).toMatchObject({ reason: 'OTHER', code: 'authorizer_failed' });
    }
    expect(await world.liveSessions()).toEqual([]);
  });
});

describe('options that cannot work', () => {
  const backend = said('corp', 'yes');
  test.each<[object, RegExp]>([
    [{ deadline: 0 }, /deadline is a whole number from 1/],
    [{ deadline: Number.POSITIVE_INFINITY }, /deadline is a whole number/],
    [{ maxConcurrent: 0 }, /maxConcurrent is a whole number from 1/],
    [{ maxQueued: -1 }, /maxQueued is a whole number from 0/],
    [{ retries: 1.5 }, /retries is a whole number/],
    [{ retryDelay: -1 }, /retryDelay is a whole number/],
    [{ maxConcurent: 5 }, /no option maxConcurent/],
    [{ breaker: { failure: 5 } }, /breaker has no option failure/],
    [{ breaker: { failures: 0 } }, /breaker.failures is a whole number from 1/],
    [{ breaker: { failureRate: 1 } }, /breaker.failureRate is above 0 and below 1/],
    [{ breaker: { failureRate: 0 } }, /breaker.failureRate is above 0 and below 1/],
    [{ breaker: { failureRate: 0.5, failures: 5 } }, /either failures or failureRate/],
    [{ breaker: { failureRate: 0.5, outOf: 1e6 } }, /breaker.outOf is a whole number from 1 to 10000/],
    [{ breaker: { outOf: 5 } }, /breaker.outOf goes with failureRate/],
    [{ breaker: { openFor: 0 } }, /breaker.openFor is a whole number from 1/],
  ])('%j', (options, problem) => {
    expect(() => resilient(backend, options as ResilienceOptions)).toThrow(problem);
    expect(() => resilient(backend, options as ResilienceOptions)).toThrow(ConfigurationError);
  });

  test('are told all at once, and so is a backend that is none', () => {
    expect(() => resilient({} as Authenticator, { deadline: 0, retries: -1 })).toThrow(
      /an authenticator or an authorizer.*deadline.*retries/,
    );
    expect(() => resilient(undefined as never)).toThrow(/an authenticator or an authorizer/);
  });
});

const users = [
  { username: 'ada', secret: 'Marked-Secret-1' },
  { username: 'bob', secret: 'Marked-Secret-2' },
];
const known = () => staticAuthenticator({ users: Object.fromEntries(users.map((u) => [u.username, u.secret])) });

describe('the contract of an authenticator', () => {
  const create = () => resilient(known());
  const createBroken = () => resilient(said('down', 'fault'), { breaker: { failures: 1 } });
  test.each(authenticatorContract({ create, users, createBroken }))('$name', ({ run }) => run());
});

describe('the contract of an authorizer', () => {
  const cases = authorizerContract({
    create: () => resilient(groupsAuthorizer({ anyOf: ['staff'] })),
    allowed: [{ user: 'ada', groups: ['staff'] }],
    denied: [{ user: 'eve', groups: ['guests'] }],
    createBroken: () => resilient({ name: 'down', authorize: () => Promise.reject(new DefectError('down')) }),
  });
  test.each(cases)('$name', ({ run }) => run());
});

test('what is thrown is what the backend threw', async () => {
  const error = new OverloadedError('full', { retryAfter: 9 });
  const guarded = resilient(said('corp', () => Promise.reject(error)));
  await expect(guarded.authenticate(credentials, { signal: new AbortController().signal })).rejects.toBe(error);
  expect(new DeadlineExceededError('x')).not.toBeInstanceOf(BackendFaultError);
});
