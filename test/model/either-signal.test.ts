import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { EitherSignal } from '../../src/model/either-signal.js';

const listeners = (...controllers: AbortController[]) =>
  controllers.map(({ signal }) => getEventListeners(signal, 'abort').length);

describe('a signal made of two', () => {
  test.each([0, 1])('is aborted with number %i, for its reason, and lets go of both', (which) => {
    const sources = [new AbortController(), new AbortController()] as const;
    const { signal } = new EitherSignal(...sources);
    let events = 0;
    signal.addEventListener('abort', () => events++);
    expect([signal.aborted, ...listeners(...sources)]).toEqual([false, 1, 1]);
    const reason = new Error('gone');
    sources[which]?.abort(reason);
    sources[1 - which]?.abort(new Error('too late'));
    expect([signal.aborted, signal.reason, events, ...listeners(...sources)]).toEqual([true, reason, 1, 0, 0]);
  });

  test('is aborted if one of them was before', () => {
    const [aborted, other] = [new AbortController(), new AbortController()];
    aborted.abort(new Error('before'));
    for (const either of [new EitherSignal(aborted, other), new EitherSignal(other, aborted)]) {
      expect(either.signal.reason).toMatchObject({ message: 'before' });
    }
    expect(listeners(aborted, other)).toEqual([0, 0]);
  });

  test('is one, and is made only when it is asked for', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const either = new EitherSignal(one, other);
    expect(listeners(one, other)).toEqual([0, 0]);
    expect(either.signal).toBe(either.signal);
    expect(listeners(one, other)).toEqual([1, 1]);
  });

  test('lets go of both when it is released, and is then aborted by nobody', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const either = new EitherSignal(one, other);
    either.release();
    const { signal } = either;
    either.release();
    one.abort();
    expect([signal.aborted, ...listeners(one, other)]).toEqual([false, 0, 0]);
  });

  test('does not ask for signals that nobody wants', () => {
    const lazy = {
      get signal(): AbortSignal {
        throw new Error('asked for');
      },
    };
    const either = new EitherSignal(lazy, lazy);
    either.release();
    expect(() => either.signal).toThrow('asked for');
  });
});
