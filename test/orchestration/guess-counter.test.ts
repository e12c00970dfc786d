import { describe, expect, test } from '@jest/globals';
import type { GuessRules, GuessVerdict } from '../../src/adapters/guess-store.js';
import { ClosedError, OverloadedError } from '../../src/model/errors.js';
import { type Guess, GuessCounter } from '../../src/orchestration/guess-counter.js';
import { MemoryGuessStore } from '../../src/orchestration/memory-guess-store.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';

const HOUR = 3_600_000;

function counterOf(maxFailures: number, maxFailuresAtKnown = 0) {
  const clock = simulatedClock();
  const store = new MemoryGuessStore(clock);
  const rules: GuessRules = {
    ...{ kind: 'account', maxFailures, maxFailuresAtKnown, window: HOUR, lease: 15_000, clearsOnSuccess: true },
  };
  return { clock, store, counter: new GuessCounter(store, rules, clock) };
}

const never = () => new AbortController();
const turn = () => new Promise(setImmediate);

async function reserved(counter: GuessCounter, from?: string): Promise<Guess> {
  const guess = await counter.reserve('key', from, never());
  if (guess.outcome === 'locked') throw new Error(`Locked for ${guess.retryAfter} ms.`);
  return guess;
}

/** What a promise has come to by now. */
async function sofar(promise: Promise<unknown>): Promise<unknown> {
  await turn();
  return Promise.race([promise, 'waits']);
}

describe('who finds no place', () => {
  test('waits for those under way, and goes ahead when one gives its place back', async () => {
    const { counter } = counterOf(1);
    const first = await reserved(counter);
    const second = counter.reserve('key', undefined, never());
    expect(await sofar(second)).toBe('waits');
    await first.settle('withdrawn');
    expect(await sofar(second)).toMatchObject({ outcome: 'reserved' });
  });

  test('is refused with all others that wait when the last one under way fails', async () => {
    const { counter } = counterOf(1);
    const first = await reserved(counter);
    const waiting = [1, 2, 3].map(() => counter.reserve('key', undefined, never()));
    await first.settle('denied');
    const locked = { outcome: 'locked', atKnown: false, retryAfter: HOUR };
    expect(await Promise.all(waiting)).toEqual([locked, locked, locked]);
  });

  test('can go', async () => {
    const { counter } = counterOf(1);
    const first = await reserved(counter);
    const caller = new AbortController();
    const waiting = counter.reserve('key', undefined, caller);
    await turn();
    caller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(counter.reserve('key', undefined, caller)).rejects.toThrow('gone');
    await first.settle('withdrawn');
    await reserved(counter);
  });

  test('gets its turn in the order of coming, and who has left gets none', async () => {
    const { counter } = counterOf(1);
    let holder = await reserved(counter);
    const order: number[] = [];
    const callers = [0, 1, 2, 3].map((who) => {
      const caller = new AbortController();
      counter.reserve('key', undefined, caller).then(
        (guess) => {
          order.push(who);
          holder = guess as Guess;
        },
        () => {},
      );
      return caller;
    });
    await turn();
    callers[1]?.abort();
    for (let turns = 0; turns < 3; turns++) {
      await holder.settle('withdrawn');
      await turn();
    }
    expect(order).toEqual([0, 2, 3]);
  });

  test('is too many after a thousand', async () => {
    const { counter } = counterOf(1);
    await reserved(counter);
    const outcomes = await Promise.all(
      Array.from({ length: 1_030 }, () => sofar(counter.reserve('key', undefined, never()).catch((error) => error))),
    );
    expect(outcomes.filter((outcome) => outcome === 'waits')).toHaveLength(1_024);
    expect(outcomes.filter((outcome) => outcome instanceof OverloadedError)).toHaveLength(6);
  });

  test('waits in a line of its own at an address that is known', async () => {
    const { counter } = counterOf(1, 1);
    await (await reserved(counter, 'home')).settle('succeeded');
    const elsewhere = await reserved(counter, 'elsewhere');
    expect(await sofar(counter.reserve('key', 'nowhere', never()))).toBe('waits');
    const home = await reserved(counter, 'home');
    const again = counter.reserve('key', 'home', never());
    expect(await sofar(again)).toBe('waits');
    await elsewhere.settle('denied');
    expect(await sofar(again)).toBe('waits');
    await home.settle('withdrawn');
    expect(await sofar(again)).toMatchObject({ outcome: 'reserved' });
  });
});

test('a success does not forget those under way', async () => {
  const { counter } = counterOf(3);
  const [first, second, third] = [await reserved(counter), await reserved(counter), await reserved(counter)];
  await first.settle('succeeded');
  await second.settle('denied');
  await third.settle('denied');
  await (await reserved(counter)).settle('denied');
  expect(await counter.reserve('key', undefined, never())).toMatchObject({ outcome: 'locked', retryAfter: HOUR });
});

test('at random: never more denials in a row than places, and nobody waits for ever', async () => {
  // A small generator of its own, so that a failure can be repeated.
  let state = 42;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  for (let round = 0; round < 200; round++) {
    const places = 1 + random(4);
    const { counter } = counterOf(places);
    let denials = 0;
    const attempts = Array.from({ length: 40 }, async () => {
      for (let turns = random(20); turns > 0; turns--) await undefined;
      const guess = await counter.reserve('key', undefined, never());
      if (guess.outcome === 'locked') return;
      for (let turns = random(20); turns > 0; turns--) await undefined;
      const verdict = (['succeeded', 'denied', 'withdrawn'] satisfies GuessVerdict[])[random(3)] as GuessVerdict;
      denials = verdict === 'succeeded' ? 0 : denials + Number(verdict === 'denied');
      expect(denials).toBeLessThanOrEqual(places);
      await guess.settle(verdict);
    });
    await Promise.all(attempts);
  }
});

describe('a store that other nodes use, too', () => {
  test('is asked again by one, as often as it wants, until another node has given up a place', async () => {
    const { clock, counter, store } = counterOf(1);
    let asked = 0;
    let isBusy = true;
    const { reserve } = store;
    store.reserve = async (attempt) => {
      asked++;
      return isBusy ? { outcome: 'busy', atKnown: false, askAgainIn: 50 } : reserve.call(store, attempt);
    };
    const waiting = [1, 2, 3].map(() => counter.reserve('key', undefined, never()));
    await clock.advance(0);
    const asBefore = asked;
    await clock.advance(1_000);
    expect(asked - asBefore).toBe(20);
    isBusy = false;
    await clock.advance(50);
    expect(await sofar(waiting[0] as Promise<unknown>)).toMatchObject({ outcome: 'reserved' });
    expect(await sofar(waiting[1] as Promise<unknown>)).toBe('waits');
  });

  test('leaves no timer behind when the last one that waits has gone', async () => {
    const { clock, counter, store } = counterOf(1);
    store.reserve = async () => ({ outcome: 'busy', atKnown: false, askAgainIn: 50 });
    const caller = new AbortController();
    const waiting = counter.reserve('key', undefined, caller);
    await clock.advance(75);
    caller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  test('gets a place back that it gave to who had left meanwhile', async () => {
    const { counter, store } = counterOf(1);
    const first = await reserved(counter);
    const caller = new AbortController();
    const waiting = counter.reserve('key', undefined, caller);
    await turn();
    const { reserve } = store;
    store.reserve = async (attempt) => {
      caller.abort(new Error('gone'));
      return reserve.call(store, attempt);
    };
    await first.settle('withdrawn');
    await expect(waiting).rejects.toThrow('gone');
    await turn();
    await reserved(counter);
  });

  test('lets nobody in when it fails, and counts nothing', async () => {
    const { counter, store } = counterOf(1);
    const { reserve } = store;
    store.reserve = () => Promise.reject(new Error('store down'));
    await expect(counter.reserve('key', undefined, never())).rejects.toThrow('store down');
    store.reserve = reserve;
    const first = await reserved(counter);
    const waiting = [1, 2].map(() => counter.reserve('key', undefined, never()));
    await turn();
    store.reserve = () => Promise.reject(new Error('store down'));
    await first.settle('withdrawn');
    for (const it of waiting) await expect(it).rejects.toThrow('store down');
    store.reserve = reserve;
    await reserved(counter);
  });

  test('is told an outcome again until it can count it', async () => {
    const { clock, counter, store } = counterOf(1);
    const { settle } = store;
    let told = 0;
    store.settle = () => {
      told++;
      return Promise.reject(new Error('store down'));
    };
    const settled = (await reserved(counter)).settle('denied');
    await clock.advance(5_000);
    expect(told).toBeGreaterThan(3);
    store.settle = settle;
    await clock.advance(4_000);
    await settled;
    expect(await counter.reserve('key', undefined, never())).toMatchObject({ outcome: 'locked' });
  });

  test('is told no more when the place is free by itself, or the store is closed', async () => {
    const { clock, counter, store } = counterOf(2);
    store.settle = () => Promise.reject(new Error('store down'));
    const outcome = (await reserved(counter)).settle('denied').catch((error) => error);
    await clock.advance(15_000);
    expect(await outcome).toMatchObject({ message: 'store down' });
    store.settle = () => Promise.reject(new ClosedError('redis'));
    await expect((await reserved(counter)).settle('denied')).rejects.toThrow(ClosedError);
    expect(clock.pending).toBe(0);
  });
});
