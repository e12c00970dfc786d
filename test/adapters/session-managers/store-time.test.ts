import { describe, expect, jest, test } from '@jest/globals';
import { storeTime } from '../../../src/adapters/session-managers/store-time.js';
import { type SimulatedClock, simulatedClock } from '../../../src/testing/simulated-clock.js';

const NODE = 5_000_000;

/** A store whose clock is `ahead` of that of the node, and whose answer takes some time each way. */
function storeBehind(clock: SimulatedClock, { ahead = 0, there = 0, back = 0 }) {
  const store = { ahead, there, back, fault: undefined as Error | undefined };
  const read = jest.fn(async () => {
    await undefined;
    clock.increment(store.there);
    if (store.fault !== undefined) throw store.fault;
    const time = NODE + clock.monotonic() + store.ahead;
    clock.increment(store.back);
    return time;
  });
  return { store, read };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('storeTime', () => {
  test.each([60_000, -60_000, -40 * 365 * 86_400_000])(
    'goes by the store, %d ms ahead of this machine',
    async (ahead) => {
      const clock = simulatedClock({ startAt: NODE });
      const { read } = storeBehind(clock, { ahead });
      const time = storeTime(read, clock);
      await time.ready();
      expect(time.now()).toBe(NODE + ahead);
      clock.increment(1_234);
      expect(time.now()).toBe(NODE + ahead + 1_234);
    },
  );

  test('is off by half the round trip at most', async () => {
    for (const [there, back] of [
      [100, 100],
      [200, 0],
      [0, 200],
    ] as const) {
      const clock = simulatedClock({ startAt: NODE });
      const time = storeTime(storeBehind(clock, { there, back }).read, clock);
      await time.ready();
      expect(Math.abs(time.now() - NODE - clock.monotonic())).toBe(Math.abs(there - back) / 2);
    }
  });

  test('reads once for all who wait, and again beside the calls after 30 s', async () => {
    const clock = simulatedClock({ startAt: NODE });
    const { store, read } = storeBehind(clock, {});
    const time = storeTime(read, clock);
    await Promise.all([time.ready(), time.ready(), time.ready()]);
    expect(read).toHaveBeenCalledTimes(1);
    clock.increment(29_999);
    expect(time.ready()).toBeUndefined();
    expect(read).toHaveBeenCalledTimes(1);
    store.ahead = 500;
    clock.increment(1);
    expect(time.ready()).toBeUndefined();
    expect(time.ready()).toBeUndefined();
    expect(read).toHaveBeenCalledTimes(2);
    await settled();
    expect(time.now()).toBe(NODE + 30_500);
  });

  test('an answer that was long on its way moves nothing that it does not contradict', async () => {
    const clock = simulatedClock({ startAt: NODE });
    const { store, read } = storeBehind(clock, {});
    const time = storeTime(read, clock);
    await time.ready();
    store.back = 3_000;
    clock.increment(30_000);
    time.ready();
    await settled();
    expect(time.now()).toBe(NODE + 33_000);
  });

  test('never goes back: half as fast until a store that is behind has caught up', async () => {
    const clock = simulatedClock({ startAt: NODE });
    const { store, read } = storeBehind(clock, {});
    const time = storeTime(read, clock);
    await time.ready();
    clock.increment(30_000);
    time.now();
    store.ahead = -1_000;
    time.ready();
    await settled();
    expect(time.now()).toBe(NODE + 30_000);
    clock.increment(1_000);
    expect(time.now()).toBe(NODE + 30_500);
    clock.increment(1_000);
    expect(time.now()).toBe(NODE + 31_000);
    clock.increment(1_000);
    expect(time.now()).toBe(NODE + 32_000);
  });

  test('a first reading that fails is told, and the next call tries again', async () => {
    const clock = simulatedClock({ startAt: NODE });
    const { store, read } = storeBehind(clock, { ahead: 7 });
    store.fault = new Error('no answer');
    const time = storeTime(read, clock);
    await expect(time.ready()).rejects.toThrow('no answer');
    store.fault = undefined;
    await time.ready();
    expect(time.now()).toBe(NODE + 7);
  });

  test('a later reading that fails leaves time as it was, and the next call tries again', async () => {
    const clock = simulatedClock({ startAt: NODE });
    const { store, read } = storeBehind(clock, {});
    const time = storeTime(read, clock);
    await time.ready();
    clock.increment(30_000);
    store.fault = new Error('no answer');
    time.ready();
    await settled();
    expect(time.now()).toBe(NODE + 30_000);
    store.fault = undefined;
    store.ahead = 20;
    time.ready();
    await settled();
    expect(time.now()).toBe(NODE + 30_020);
  });

  test('a machine that was suspended, or whose wall clock was set, reads before it goes on', async () => {
    for (const jump of [3_600_000, -3_600_000]) {
      const clock = simulatedClock({ startAt: NODE });
      const { store, read } = storeBehind(clock, {});
      const time = storeTime(read, clock);
      await time.ready();
      clock.jump(jump);
      store.ahead = Math.max(jump, 0);
      await time.ready();
      expect(read).toHaveBeenCalledTimes(2);
      expect(time.now()).toBe(NODE + store.ahead);
      expect(time.ready()).toBeUndefined();
    }
  });
});
