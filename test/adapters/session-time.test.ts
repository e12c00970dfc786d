import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sessionTime } from '../../src/adapters/session-time.js';
import { type Clock, systemClock } from '../../src/model/clock.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';

describe('sessionTime', () => {
  test('is the wall clock where that goes on', () => {
    const clock = simulatedClock({ startAt: 1_000 });
    const time = sessionTime(clock);
    expect(time.now()).toBe(1_000);
    clock.increment(500);
    expect(time.now()).toBe(1_500);
    clock.jump(3_600_000);
    expect(time.now()).toBe(3_601_500);
  });

  test('goes on where the wall clock is set back, and follows when that has caught up', () => {
    const clock = simulatedClock({ startAt: 1_000_000 });
    const time = sessionTime(clock);
    time.now();
    clock.jump(-600_000);
    expect(time.now()).toBe(1_000_000);
    clock.increment(10);
    expect(time.now()).toBe(1_000_010);
    clock.jump(700_000);
    expect(time.now()).toBe(1_100_010);
  });

  test('goes on from a time that it is given, and takes no earlier one', () => {
    const clock = simulatedClock({ startAt: 1_000_000 });
    const time = sessionTime(clock);
    time.continueFrom(1_500_000);
    expect(time.now()).toBe(1_500_000);
    time.continueFrom(17);
    clock.increment(10);
    expect(time.now()).toBe(1_500_010);
  });

  test('is never ahead of a wall clock that was not set back, whatever the fractions', () => {
    const fraction = fc.double({ min: 0, max: 5, noNaN: true });
    fc.assert(
      fc.property(fraction, fraction, fc.array(fc.tuple(fraction, fraction)), (wallPhase, phase, steps) => {
        let exact = 1_790_000_000_000 + wallPhase;
        let monotonic = 12_345 + phase;
        // The clocks are read one after the other, and time passes in between.
        let between = 0;
        const clock: Clock = {
          ...systemClock,
          now: () => {
            const now = Math.floor(exact);
            exact += between;
            monotonic += between;
            return now;
          },
          monotonic: () => monotonic,
        };
        const time = sessionTime(clock);
        for (const [step, pause] of steps) {
          exact += step;
          monotonic += step;
          between = pause;
          const now = time.now();
          expect(now).toBeLessThanOrEqual(Math.floor(exact));
          expect(now).toBeGreaterThanOrEqual(Math.floor(exact) - Math.ceil(pause) - 1);
        }
      }),
    );
  });

  test('never goes back, whatever the clocks do', () => {
    const step = fc.record({
      jump: fc.integer({ min: -1e9, max: 1e9 }),
      passed: fc.double({ min: 0, max: 1e5, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const clock = simulatedClock();
        const time = sessionTime(clock);
        let latest = time.now();
        for (const { jump, passed } of steps) {
          clock.jump(jump);
          clock.increment(passed);
          const now = time.now();
          expect(Number.isInteger(now)).toBe(true);
          expect(now - latest).toBeGreaterThanOrEqual(Math.floor(passed) - 1);
          latest = now;
        }
      }),
    );
  });
});
