import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { describe, expect, jest, test } from '@jest/globals';
import { neverReached } from '../../../../src/adapters/resilience/index.js';
import { BackendFaultError } from '../../../../src/index.js';
import { stage, systemError } from '../../../support/guarded-backend.js';
import type { Word } from '../../../support/said.js';

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
