import { getEventListeners, once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { AuthenticationOutcome, Authenticator } from '../../../src/adapters/ports.js';
import {
  type BreakerChange,
  neverReached,
  type ResilienceOptions,
  resilient,
} from '../../../src/adapters/resilience/index.js';
import {
  allowAllAuthorizer,
  BackendFaultError,
  ClosedError,
  ConfigurationError,
  DeadlineExceededError,
  DefectError,
  FailedSessionInitInfo,
  groupsAuthorizer,
  OverloadedError,
  Secret,
  staticAuthenticator,
} from '../../../src/index.js';
import { findSecret } from '../../../src/testing/find-secret.js';
import {
  authenticatorContract,
  authorizerContract,
  createTestOrchestrator,
  simulatedClock,
} from '../../../src/testing/index.js';
import { said, type Word } from '../../support/said.js';

const SECRET = 'marked-user-secret-1';
const credentials = { username: 'alice', secret: new Secret(SECRET), ipAddress: '192.0.2.1' };

/** A system error as Node makes them. */
function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

/** A backend whose next answer is told to it, behind the guard, in simulated time. */
async function stage(options: ResilienceOptions = {}) {
  const clock = simulatedClock();
  const changes: BreakerChange[] = [];
  let word: Word | (() => Promise<AuthenticationOutcome>) = 'yes';
  const signals: AbortSignal[] = [];
  const backend = said('corp', async (asked, callOptions) => {
    signals.push(callOptions.signal);
    return typeof word === 'function' ? word() : said('corp', word).authenticate(asked, callOptions);
  });
  const guarded = resilient(backend, { clock, onStateChange: (change) => changes.push(change), ...options });
  await guarded.open();
  const states = () => changes.map(({ state }) => state).join(' ');

  /** What comes of a call: `yes`, `no`, or the code of the error. */
  async function call(says: typeof word = word, signal = new AbortController().signal): Promise<string> {
    word = says;
    try {
      const { outcome } = await guarded.authenticate(credentials, { signal });
      return outcome === 'denied' ? 'no' : 'yes';
    } catch (error) {
      if ((error as Error).message?.includes('is not asked: its circuit breaker is open')) return 'open';
      return (error as { code?: string }).code ?? String((error as Error).message);
    }
  }
  return { clock, changes, states, backend, guarded, signals, call, says: (next: typeof word) => (word = next) };
}

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

describe('the circuit breaker', () => {
  test('opens after so many failures in a row, and then answers at once in place of the backend', async () => {
    const { call, changes, backend } = await stage({ breaker: { failures: 3 } });
    for (const word of ['fault', 'fault', 'wrong', 'fault', 'garbage'] as const) await call(word);
    expect(changes).toEqual([]);
    expect(await call('fault')).toBe('corp is down');
    expect(changes).toEqual([{ backend: 'corp', state: 'open', cause: 'backend_fault' }]);
    expect(await call('yes')).toBe('open');
    expect(backend.seen).toHaveLength(6);
  });

  test('by default opens after 5, for 10 s', async () => {
    const { call, states, clock } = await stage();
    for (let failure = 0; failure < 5; failure++) await call('fault');
    expect(states()).toBe('open');
    clock.increment(9_999);
    expect(await call('yes')).toBe('open');
    clock.increment(1);
    expect(await call('yes')).toBe('yes');
    expect(states()).toBe('open halfOpen closed');
  });

  test('counts time-outs as failures', async () => {
    const { call, clock, changes } = await stage({ deadline: 100, breaker: { failures: 2 } });
    const calls = [call('hang'), call('hang')];
    await clock.advance(100);
    expect(await Promise.all(calls)).toEqual(['deadline_exceeded', 'deadline_exceeded']);
    expect(changes).toEqual([{ backend: 'corp', state: 'open', cause: 'deadline_exceeded' }]);
  });

  test('P7: a denial is an answer, and no failure, in whatever number', async () => {
    const { call, states } = await stage({ breaker: { failures: 1 } });
    for (const word of ['wrong', 'unknown', 'no', 'wrong', 'unknown'] as const) expect(await call(word)).toBe('no');
    expect(states()).toBe('');
  });

  test.each<[string, Word | (() => Promise<never>)]>([
    ['an overload', 'overload'],
    ['a defect of the program', 'defect'],
    ['a backend that was closed', () => Promise.reject(new ClosedError('corp'))],
    ['a wrong configuration', () => Promise.reject(new ConfigurationError('wrong'))],
  ])('%s is neither a failure nor an answer', async (_, word) => {
    const { call, states } = await stage({ breaker: { failures: 2 } });
    await call('fault');
    for (let n = 0; n < 5; n++) await call(word);
    expect(states()).toBe('');
    await call('fault');
    expect(states()).toBe('open');
  });

  test('a call that was given up is neither a failure nor an answer', async () => {
    const { call, states, clock } = await stage({ breaker: { failures: 2 }, deadline: 100 });
    await call('fault');
    for (const hangs of ['hang', () => new Promise<never>(() => {})] as const) {
      const caller = new AbortController();
      const answer = call(hangs, caller.signal);
      await clock.advance(10);
      caller.abort(new Error('gone'));
      await clock.advance(100);
      expect(await answer).toBe(hangs === 'hang' ? 'gone' : 'deadline_exceeded');
    }
    expect(states()).toBe('');
    await call('fault');
    expect(states()).toBe('open');
  });

  test('one call tries the backend, and all others are refused at once meanwhile', async () => {
    const { call, states, clock, backend, says } = await stage({ breaker: { failures: 1, openFor: 1_000 } });
    await call('fault');
    clock.increment(1_000);
    let answer = (_: AuthenticationOutcome) => {};
    const trial = call(() => new Promise((resolve) => (answer = resolve)));
    await clock.advance(0);
    says('yes');
    expect(await Promise.all(Array.from({ length: 20 }, () => call()))).toEqual(Array(20).fill('open'));
    expect(backend.seen).toHaveLength(2);
    answer({ outcome: 'denied', cause: 'wrongSecret' });
    expect(await trial).toBe('no');
    expect(states()).toBe('open halfOpen closed');
    expect(await call('yes')).toBe('yes');
  });

  test('one call tries the backend, however many come in the same moment', async () => {
    const { call, clock, backend } = await stage({ breaker: { failures: 1, openFor: 1_000 } });
    await call('fault');
    clock.increment(1_000);
    const calls = Array.from({ length: 20 }, () => call('yes'));
    expect((await Promise.all(calls)).sort()).toEqual([...Array(19).fill('open'), 'yes']);
    expect(backend.seen).toHaveLength(2);
  });

  test.each<[Word, string]>([
    ['fault', 'corp is down'],
    ['garbage', 'backend_fault'],
    ['overload', 'overloaded'],
    ['defect', 'defect'],
  ])('stays open for as long again if the call that tries says %s', async (word, expected) => {
    const { call, states, clock } = await stage({ breaker: { failures: 1, openFor: 1_000 } });
    await call('fault');
    clock.increment(1_000);
    expect(await call(word)).toBe(expected);
    expect(states()).toBe('open halfOpen open');
    clock.increment(999);
    expect(await call('yes')).toBe('open');
    clock.increment(1);
    expect(await call('yes')).toBe('yes');
    expect(await call('yes')).toBe('yes');
  });

  test('the call that tries goes on without its caller: to give it up neither closes the breaker nor leaves it half open', async () => {
    for (const [late, expected] of [
      ['yes', 'open halfOpen closed'],
      ['fault', 'open halfOpen open'],
    ] as const) {
      const { call, states, clock, signals } = await stage({ breaker: { failures: 1, openFor: 1_000 }, deadline: 100 });
      await call('fault');
      clock.increment(1_000);
      let go = () => {};
      const gate = new Promise<void>((resolve) => (go = resolve));
      const caller = new AbortController();
      const trial = call(async () => {
        await gate;
        return said('corp', late).authenticate(credentials, { signal: caller.signal });
      }, caller.signal);
      await clock.advance(1);
      caller.abort(new Error('gone'));
      await clock.advance(1);
      expect([states(), signals.at(-1)?.aborted]).toEqual(['open halfOpen', false]);
      go();
      await trial;
      expect(states()).toBe(expected);
    }
  });

  test('the call that tries has the deadline, too', async () => {
    const { call, states, clock } = await stage({ breaker: { failures: 1, openFor: 1_000 }, deadline: 100 });
    await call('fault');
    clock.increment(1_000);
    const trial = call('hang');
    await clock.advance(100);
    expect(await trial).toBe('deadline_exceeded');
    expect(states()).toBe('open halfOpen open');
  });

  test('takes no notice of the wall clock, nor of real time', async () => {
    const { call, clock } = await stage({ breaker: { failures: 1, openFor: 1_000 } });
    await call('fault');
    clock.jump(1e9);
    expect(await call('yes')).toBe('open');
    clock.jump(-2e9);
    clock.increment(1_000);
    expect(await call('yes')).toBe('yes');
  });

  test('a call that began before it opened tells nothing of the backend afterwards', async () => {
    const { call, states, clock } = await stage({ breaker: { failures: 2, openFor: 50 }, deadline: 100 });
    const old = [call('hang'), call('hang'), call('hang')];
    await clock.advance(10);
    await call('fault');
    await call('fault');
    await clock.advance(50);
    expect(await call('yes')).toBe('yes');
    await clock.advance(40);
    expect(await Promise.all(old)).toEqual(Array(3).fill('deadline_exceeded'));
    expect(states()).toBe('open halfOpen closed');
  });

  test('by the share of failures among the last calls', async () => {
    const { call, states, clock } = await stage({ breaker: { failureRate: 0.5, outOf: 4, openFor: 1_000 } });
    for (const word of ['fault', 'fault', 'fault'] as const) await call(word);
    expect(states()).toBe('');
    await call('wrong');
    expect(states()).toBe('');
    await call('yes');
    await call('fault');
    expect(states()).toBe('');
    await call('fault');
    expect(states()).toBe('');
    await call('fault');
    expect(states()).toBe('open');
    clock.increment(1_000);
    await call('yes');
    expect(states()).toBe('open halfOpen closed');
    await call('fault');
    expect(states()).toBe('open halfOpen closed');
  });

  test('can be left out', async () => {
    const { call, backend } = await stage({ breaker: false });
    for (let failure = 0; failure < 20; failure++) expect(await call('fault')).toBe('corp is down');
    expect(backend.seen).toHaveLength(20);
  });

  test('ASVS 16.2.5: says nothing of what others asserted', async () => {
    const { call, changes, guarded, clock } = await stage({ breaker: { failures: 1 } });
    await call(() => Promise.reject(new Error(`no bind with ${SECRET}`)));
    const asked = { username: 'bob', secret: new Secret('marked-other-secret') };
    const refused = await guarded.authenticate(asked, { signal: new AbortController().signal }).catch((e) => e);
    expect(refused).toBeInstanceOf(BackendFaultError);
    expect(refused.message).toBe(
      'corp is not asked: its circuit breaker is open (backend_fault). One call tries it in 10 s.',
    );
    expect(findSecret([refused, changes], SECRET)).toBeUndefined();
    clock.increment(9_999.5);
    await expect(guarded.authenticate(asked, { signal: new AbortController().signal })).rejects.toThrow('in 1 s.');
  });

  test('a listener that throws harms nobody', async () => {
    const { call } = await stage({
      breaker: { failures: 1, openFor: 1 },
      onStateChange: () => {
        throw new Error('no listener');
      },
    });
    expect(await call('fault')).toBe('corp is down');
    expect(await call('yes')).toBe('open');
  });
});

test('nothing of a call stays on its caller, who may live long', async () => {
  const { call, clock } = await stage({ maxConcurrent: 1, deadline: 100, breaker: false, retries: 1 });
  const caller = new AbortController();
  const listening = () => getEventListeners(caller.signal, 'abort').length;
  for (const word of ['yes', 'wrong', 'fault', 'overload'] as const) await call(word, caller.signal);
  for (const hangs of ['hang', () => new Promise<never>(() => {})] as const) {
    const calls = [call(hangs, caller.signal), call(hangs, caller.signal)];
    await clock.advance(100);
    await clock.advance(100);
    await Promise.all(calls);
  }
  expect(listening()).toBe(0);
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

describe('retries', () => {
  const refused = () =>
    Promise.reject(new BackendFaultError('down', { cause: systemError('ECONNREFUSED', 'connect') }));

  test('by default there are none', async () => {
    const { call, backend } = await stage();
    expect(await call(refused)).toBe('backend_fault');
    expect(backend.seen).toHaveLength(1);
  });

  test('a call that did not reach the backend is made again, after a while each time', async () => {
    const { call, backend, clock, says } = await stage({ retries: 2 });
    const answer = call(refused);
    await clock.advance(0);
    expect(backend.seen).toHaveLength(1);
    await clock.advance(clock.untilNext ?? 0);
    expect(backend.seen).toHaveLength(2);
    says('yes');
    await clock.advance(clock.untilNext ?? 0);
    expect(await answer).toBe('yes');
    expect([backend.seen.length, clock.pending]).toEqual([3, 0]);
  });

  test('are no more than were asked for', async () => {
    const { call, backend, clock } = await stage({ retries: 3, breaker: false });
    const answer = call(refused);
    await clock.advance(60_000);
    expect(await answer).toBe('backend_fault');
    expect(backend.seen).toHaveLength(4);
  });

  test.each<[string, Word | (() => Promise<never>)]>([
    ['a denial', 'wrong'],
    ['an unknown user', 'unknown'],
    ['a fault that may have reached it', 'fault'],
    ['a connection that was reset', () => Promise.reject(systemError('ECONNRESET', 'read'))],
    ['garbage', 'garbage'],
    ['an overload', 'overload'],
    ['a defect', 'defect'],
  ])('are not made after %s', async (_, word) => {
    const { call, backend, clock } = await stage({ retries: 3 });
    const answer = call(word);
    await clock.advance(60_000);
    await answer;
    expect(backend.seen).toHaveLength(1);
  });

  test.each<[string, Word]>([
    ['a time-out', 'hang'],
    ['an overload', 'overload'],
    ['a defect', 'defect'],
    ['a denial', 'wrong'],
  ])('are not made after %s, whatever retryWhen says', async (_, word) => {
    const { call, backend, clock } = await stage({ retries: 3, retryWhen: () => true });
    const answer = call(word);
    await clock.advance(60_000);
    await answer;
    expect(backend.seen).toHaveLength(1);
  });

  test('are made when retryWhen says so, which is told of the error', async () => {
    const retryWhen = jest.fn((error: unknown) => (error as Error).message === 'corp is down');
    const { call, backend, clock } = await stage({ retries: 1, retryWhen });
    const answer = call('fault');
    await clock.advance(60_000);
    expect(await answer).toBe('corp is down');
    expect([backend.seen.length, retryWhen.mock.calls.length]).toEqual([2, 1]);
  });

  test('end when the caller gives up', async () => {
    const { call, backend, clock } = await stage({ retries: 3 });
    const caller = new AbortController();
    const answer = call(refused, caller.signal);
    await clock.advance(0);
    caller.abort(new Error('gone'));
    expect(await answer).toBe('gone');
    await clock.advance(60_000);
    expect([backend.seen.length, clock.pending]).toEqual([1, 0]);
  });

  test('end when the caller has given up before the call failed', async () => {
    const { call, backend, clock } = await stage({ retries: 3 });
    const caller = new AbortController();
    const answer = call(() => {
      caller.abort(new Error('gone'));
      return refused();
    }, caller.signal);
    expect(await answer).toBe('backend_fault');
    expect([backend.seen.length, clock.pending]).toEqual([1, 0]);
  });

  test('wait longer each time', async () => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(0.5);
    try {
      const { call, clock } = await stage({ retries: 4, retryDelay: 200, breaker: false });
      const answer = call(refused);
      const waits: number[] = [];
      for (let retry = 0; retry < 4; retry++) {
        await clock.advance(0);
        waits.push(clock.untilNext ?? 0);
        await clock.advance(clock.untilNext ?? 0);
      }
      expect(await answer).toBe('backend_fault');
      expect(waits[0]).toBeGreaterThan(100);
      expect(waits[0]).toBeLessThan(400);
      expect(waits).toEqual(waits.toSorted((a, b) => a - b));
      expect(waits[3]).toBeGreaterThan(2 * (waits[0] as number));
    } finally {
      random.mockRestore();
    }
  });

  test('end when the breaker opens, with what the backend said', async () => {
    const { call, backend, clock, states } = await stage({ retries: 5, breaker: { failures: 2 } });
    const answer = call(refused);
    await clock.advance(60_000);
    expect(await answer).toBe('backend_fault');
    expect([backend.seen.length, states()]).toEqual([2, 'open']);
  });
});

describe('neverReached', () => {
  const refusal = systemError('ECONNREFUSED', 'connect');
  test.each<[boolean, string, unknown]>([
    [true, 'a refused connection', refusal],
    [true, 'a name that is nobody', systemError('ENOTFOUND', 'getaddrinfo')],
    [true, 'no way to a host', systemError('EHOSTUNREACH', 'connect')],
    [
      true,
      'one in a cause',
      new BackendFaultError('down', { cause: new TypeError('fetch failed', { cause: refusal }) }),
    ],
    [true, 'several, all refused', new BackendFaultError('down', { cause: new AggregateError([refusal, refusal]) })],
    [false, 'several, one not', new AggregateError([refusal, systemError('ECONNRESET', 'read')])],
    [false, 'several of none', new AggregateError([])],
    [false, 'a host that is lost on the way', systemError('EHOSTUNREACH', 'read')],
    [false, 'a reset', systemError('ECONNRESET', 'read')],
    [false, 'a time-out of the connection, which may have been made', systemError('ETIMEDOUT', 'connect')],
    [false, 'a code alone', Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })],
    [false, 'a fault of a composition', new BackendFaultError('x', { cause: refusal, path: [] })],
    [false, 'an error', new Error('down')],
    [false, 'undefined', undefined],
    [false, 'a string', 'ECONNREFUSED'],
  ])('%s of %s', (expected, _, error) => {
    expect(neverReached(error)).toBe(expected);
  });

  test.each(['127.0.0.1', 'localhost'])('of a real connection that is refused by %s', async (host) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const error = await new Promise((resolve) => createConnection({ host, port }).once('error', resolve));
    expect(neverReached(new BackendFaultError('down', { cause: error }))).toBe(true);
  });

  test('of a real connection that is cut is false', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy())).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = createConnection({ host: '127.0.0.1', port }, () => client.write('x'));
    const error = await new Promise((resolve) => client.once('error', resolve));
    expect(neverReached(error)).toBe(false);
    server.close();
    await once(server, 'close');
  });

  test('of an error that is its own cause is false', () => {
    const error = new Error('loop');
    error.cause = error;
    expect(neverReached(error)).toBe(false);
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
