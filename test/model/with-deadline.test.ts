import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { DeadlineExceededError } from '../../src/model/errors.js';
import type { Abortable } from '../../src/model/lazy-signal.js';
import { withDeadline } from '../../src/model/with-deadline.js';
import { simulatedClock } from '../../src/testing/index.js';

const listeners = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length;

/** A call that settles when it is told to, and what it was given. */
function call(caller?: AbortController) {
  const clock = simulatedClock();
  const given = {} as { call: Abortable; resolve: (value: string) => void; reject: (error: Error) => void };
  const run = (call: Abortable) =>
    new Promise<string>((resolve, reject) => {
      Object.assign(given, { call, resolve, reject });
      call.signal.addEventListener('abort', () => {});
    });
  const result = withDeadline(clock, 100, 'store.find', run, caller);
  const outcome = result.catch((error: unknown) => error);
  return { clock, given, outcome };
}

describe.each([
  ['without a caller', undefined],
  ['with a caller', new AbortController()],
])('a call %s', (_, caller) => {
  test('has its answer, and leaves nothing behind', async () => {
    const { clock, given, outcome } = call(caller);
    given.resolve('found');
    expect(await outcome).toBe('found');
    expect([clock.pending, given.call.isAborted, caller ? listeners(caller) : 0]).toEqual([0, false, 0]);
  });

  test('has its fault, and leaves nothing behind', async () => {
    const { clock, given, outcome } = call(caller);
    given.reject(new Error('broken'));
    expect(await outcome).toMatchObject({ message: 'broken' });
    expect([clock.pending, caller ? listeners(caller) : 0]).toEqual([0, 0]);
  });

  test('ends at the deadline, heeded or not', async () => {
    const { clock, given, outcome } = call(caller);
    await clock.advance(100);
    const error = await outcome;
    expect(error).toBeInstanceOf(DeadlineExceededError);
    expect(error).toMatchObject({ message: 'store.find did not answer within 100 ms.' });
    expect(given.call.signal.reason).toBe(error);
    given.resolve('too late');
    await new Promise((resolve) => setImmediate(resolve));
    expect([clock.pending, caller ? listeners(caller) : 0]).toEqual([0, 0]);
  });

  test('that throws at once is rejected', async () => {
    const clock = simulatedClock();
    const broken = () => {
      throw new Error('broken');
    };
    await expect(withDeadline(clock, 100, 'store.find', broken, caller)).rejects.toThrow('broken');
    expect(clock.pending).toBe(0);
  });
});

test('a caller who goes aborts the call, which settles as it sees fit', async () => {
  const caller = new AbortController();
  const { clock, given, outcome } = call(caller);
  const reason = new Error('gone');
  caller.abort(reason);
  expect(given.call.signal.reason).toBe(reason);
  given.resolve('found all the same');
  expect(await outcome).toBe('found all the same');
  expect([clock.pending, listeners(caller)]).toEqual([0, 0]);
});
