import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '../../src/model/clock.js';
import { type ListedTimer, TimerLists } from '../../src/model/timer-lists.js';

/** A platform whose timers fire when told to, up to 2 ms too early as Node's do, and count who keeps the process alive. */
function platform(early = 0) {
  let now = 0;
  const natives = new Set<{ due: number; callback: () => void; isRef: boolean }>();
  const timers = new TimerLists({
    monotonic: () => now,
    setTimeout: (callback, delay) => {
      const native = {
        due: now + Math.max(1, delay - early),
        callback,
        isRef: true,
        ref: () => {
          native.isRef = true;
        },
        unref: () => {
          native.isRef = false;
        },
      };
      natives.add(native);
      return native;
    },
  });
  const pass = (milliseconds: number) => {
    const end = now + milliseconds;
    for (;;) {
      const [next] = [...natives].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (next === undefined) break;
      natives.delete(next);
      now = Math.max(now, next.due);
      next.callback();
    }
    now = end;
  };
  return { timers, pass, now: () => now, natives, isAlive: () => [...natives].some(({ isRef }) => isRef) };
}

describe('timers in lists', () => {
  test('none fires early, or after it was cleared; all others fire, in order', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('set'), delay: fc.constantFrom(0, 1, 5, 5.5, 10, 10, 10, 100) }),
      fc.record({ do: fc.constant('clear'), which: fc.nat(30) }),
      fc.record({ do: fc.constant('pass'), milliseconds: fc.constantFrom(0, 1, 3, 5, 10, 60) }),
    ) as fc.Arbitrary<
      { do: 'set'; delay: number } | { do: 'clear'; which: number } | { do: 'pass'; milliseconds: number }
    >;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 0.4, 2), (steps, early) => {
        const { timers, pass, now, isAlive } = platform(early);
        const all: { timer: ListedTimer; due: number; delay: number; state: 'set' | 'cleared' | 'fired' }[] = [];
        for (const it of steps) {
          if (it.do === 'set') {
            const entry = { due: now() + it.delay, delay: it.delay, state: 'set' as 'set' | 'cleared' | 'fired' };
            const timer = timers.set(() => {
              expect(entry.state).toBe('set');
              expect(now()).toBeGreaterThanOrEqual(entry.due);
              // Among those of one duration, the earlier set have fired.
              const before = all.slice(
                0,
                all.findIndex((other) => other.timer === timer),
              );
              expect(before.filter(({ delay, state }) => delay === it.delay && state === 'set')).toEqual([]);
              entry.state = 'fired';
            }, it.delay);
            all.push(Object.assign(entry, { timer }));
          } else if (it.do === 'clear') {
            const entry = all[it.which];
            if (entry === undefined) continue;
            timers.clear(entry.timer);
            if (entry.state === 'set') entry.state = 'cleared';
          } else {
            pass(it.milliseconds);
            for (const { state, due } of all) if (state === 'set') expect(due).toBeGreaterThan(now() - 4);
          }
          expect(isAlive()).toBe(all.some(({ state }) => state === 'set'));
        }
        pass(1_000);
        expect(all.filter(({ state }) => state === 'set')).toEqual([]);
        expect(isAlive()).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('a thousand deadlines of one duration take one native timer', () => {
    const { timers, natives, pass } = platform();
    const set = Array.from({ length: 1_000 }, () => timers.set(() => {}, 5_000));
    expect(natives.size).toBe(1);
    for (const timer of set) timers.clear(timer);
    for (let more = 0; more < 1_000; more++) timers.clear(timers.set(() => {}, 5_000));
    expect(natives.size).toBe(1);
    pass(10_000);
    expect(natives.size).toBe(0);
  });

  test('a delay may be longer than the platform can wait', () => {
    const { timers, pass } = platform();
    let fired = 0;
    timers.set(() => fired++, 2 ** 32);
    pass(2 ** 32 - 1);
    expect(fired).toBe(0);
    pass(1);
    expect(fired).toBe(1);
  });

  test('a callback that throws does not hold up the others', () => {
    const { timers, pass } = platform();
    let fired = 0;
    timers.set(() => {
      throw new Error('callback');
    }, 10);
    timers.set(() => fired++, 10);
    expect(() => pass(10)).toThrow('callback');
    pass(10);
    expect(fired).toBe(1);
  });

  test('timers of 0 ms that set others let the rest go on', () => {
    const { timers, pass } = platform();
    let turns = 0;
    const again = (): void => {
      turns++;
      timers.set(again, 0);
    };
    timers.set(again, 0);
    pass(10);
    expect(turns).toBe(10);
  });

  test('a timer that is cleared by another one of its list does not fire', () => {
    const { timers, pass } = platform();
    let fired = 0;
    timers.set(() => timers.clear(second), 10);
    const second = timers.set(() => fired++, 10);
    timers.set(() => fired++, 10);
    pass(20);
    expect(fired).toBe(1);
  });

  test('unref lets the process end; clearing it afterwards counts once', () => {
    const { timers, isAlive } = platform();
    const held = timers.set(() => {}, 10);
    const free = timers
      .set(() => {}, 10)
      .unref()
      .unref();
    expect(isAlive()).toBe(true);
    timers.clear(free);
    expect(isAlive()).toBe(true);
    timers.clear(held);
    timers.clear(held);
    expect(isAlive()).toBe(false);
    timers.set(() => {}, 10);
    expect(isAlive()).toBe(true);
  });

  test('the system clock clears what it has set, and takes anything else for nothing', async () => {
    let fired = 0;
    const cleared = systemClock.setTimeout(() => fired++, 1);
    systemClock.clearTimeout(cleared);
    systemClock.clearTimeout(undefined);
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 1));
    expect(fired).toBe(0);
  });
});
