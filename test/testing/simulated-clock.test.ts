import { describe, expect, test } from '@jest/globals';
import { simulatedClock } from '../../src/testing/simulated-clock.js';

describe('simulatedClock', () => {
  test('stands still, and starts where it is told to', () => {
    const clock = simulatedClock({ startAt: new Date('2020-02-29T12:00:00Z') });
    expect(new Date(clock.now()).toISOString()).toBe('2020-02-29T12:00:00.000Z');
    expect(clock.monotonic()).toBe(0);
    expect(simulatedClock().now()).toBe(simulatedClock().now());
  });

  test('fires timers in the order of their due times, those of one time in the order of setting', () => {
    const clock = simulatedClock({ startAt: 1_000 });
    const fired: string[] = [];
    const note = (name: string) => () => fired.push(`${name}@${clock.now()}/${clock.monotonic()}`);
    clock.setTimeout(note('c'), 30);
    clock.setTimeout(note('a'), 10);
    clock.setTimeout(note('b1'), 20);
    clock.setTimeout(note('b2'), 20);
    clock.setTimeout(note('never'), 51);
    clock.increment(50);
    expect(fired).toEqual(['a@1010/10', 'b1@1020/20', 'b2@1020/20', 'c@1030/30']);
    expect(clock.now()).toBe(1_050);
    expect(clock.pending).toBe(1);
    clock.increment(0.5);
    clock.increment(0.5);
    expect(fired.at(-1)).toBe('never@1051/51');
  });

  test('says how long it is until the next timer', () => {
    const clock = simulatedClock();
    expect(clock.untilNext).toBeUndefined();
    const late = clock.setTimeout(() => {}, 30);
    const early = clock.setTimeout(() => {}, 10);
    clock.increment(4);
    expect(clock.untilNext).toBe(6);
    clock.clearTimeout(early);
    expect(clock.untilNext).toBe(26);
    clock.jump(1_000);
    expect(clock.untilNext).toBe(26);
    clock.clearTimeout(late);
    expect(clock.untilNext).toBeUndefined();
    clock.setTimeout(() => {}, -5);
    expect(clock.untilNext).toBe(0);
  });

  test('timers that timers set take part, at their exact time', () => {
    const clock = simulatedClock({ startAt: 0 });
    const fired: number[] = [];
    const tick = () => {
      fired.push(clock.now());
      clock.setTimeout(tick, 7);
    };
    clock.setTimeout(tick, 7);
    clock.setTimeout(() => clock.setTimeout(() => fired.push(-clock.now()), 0), 10);
    clock.increment(28);
    expect(fired).toEqual([7, -10, 14, 21, 28]);
    expect(clock.pending).toBe(1);
  });

  test('a cleared timer does not fire, whoever clears it and however often', () => {
    const clock = simulatedClock();
    const fired: string[] = [];
    const second = clock.setTimeout(() => fired.push('second'), 5);
    const handle = clock.setTimeout(() => fired.push('cleared'), 3);
    clock.setTimeout(() => clock.clearTimeout(second), 4);
    clock.clearTimeout(handle);
    clock.clearTimeout(handle);
    clock.clearTimeout(undefined);
    clock.clearTimeout(17);
    clock.increment(10);
    clock.clearTimeout(second);
    expect(fired).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('keeps its order with thousands of timers set and cleared at random', () => {
    const clock = simulatedClock({ startAt: 0 });
    const fired: number[] = [];
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state;
    };
    const expected: number[] = [];
    for (let i = 0; i < 5_000; i += 1) {
      const due = random() % 1_000;
      const handle = clock.setTimeout(() => fired.push(clock.now()), due);
      if (random() % 3 === 0) clock.clearTimeout(handle);
      else expected.push(due);
    }
    expect(clock.pending).toBe(expected.length);
    clock.increment(1_000);
    expect(fired).toEqual(expected.sort((a, b) => a - b));
  });

  test('jump moves the wall clock alone', () => {
    const clock = simulatedClock({ startAt: 1_000_000 });
    const fired: number[] = [];
    clock.setTimeout(() => fired.push(clock.now()), 100);
    clock.jump(-500_000);
    expect([clock.now(), clock.monotonic()]).toEqual([500_000, 0]);
    clock.jump(200);
    expect(fired).toEqual([]);
    clock.increment(100);
    expect(fired).toEqual([500_300]);
    clock.set(500_400);
    expect([clock.now(), clock.monotonic()]).toEqual([500_400, 200]);
    expect(() => clock.set(500_399)).toThrow(RangeError);
  });

  test('advance lets promises and the event loop come to rest around each timer', async () => {
    const clock = simulatedClock({ startAt: 0 });
    const steps: string[] = [];
    const sleep = (delay: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, delay));
    const work = async (name: string, delay: number) => {
      await Promise.resolve();
      for (let i = 0; i < 3; i += 1) {
        await sleep(delay);
        await new Promise((resolve) => setImmediate(resolve));
        steps.push(`${name}${clock.now()}`);
      }
    };
    void work('a', 10);
    void work('b', 15);
    await clock.advance(45);
    expect(steps).toEqual(['a10', 'b15', 'a20', 'b30', 'a30', 'b45']);
    expect(clock.now()).toBe(45);
  });

  test('a throwing timer leaves the clock at its time and usable', () => {
    const clock = simulatedClock({ startAt: 0 });
    clock.setTimeout(() => {
      throw new Error('planted');
    }, 5);
    expect(() => clock.increment(10)).toThrow('planted');
    expect(clock.now()).toBe(5);
    clock.increment(10);
    expect(clock.now()).toBe(15);
  });

  test('refuses what the real clock would get wrong', () => {
    const clock = simulatedClock();
    for (const delay of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => clock.setTimeout(() => {}, delay)).toThrow(RangeError);
    }
    for (const step of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => clock.increment(step)).toThrow(RangeError);
    }
  });
});
