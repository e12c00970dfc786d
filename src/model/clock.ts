import { ListedTimer, TimerLists } from './timer-lists.js';

/**
 * The one source of time. Everything that waits, measures or stamps a time takes it from here, so that a test can
 * run a day in a millisecond. It is a superset of XState's own clock.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. It can jump, both ways. */
  now(): number;
  /** Milliseconds from an arbitrary origin that never jump: for durations. */
  monotonic(): number;
  /**
   * Calls `callback` once, when `delay` milliseconds have passed, however many they are; never earlier.
   */
  setTimeout(callback: () => void, delay: number): unknown;
  /** Makes the callback of {@link Clock.setTimeout} not come. A handle that has fired or is undefined is ignored. */
  clearTimeout(handle: unknown): void;
}

const monotonic = () => performance.now();
const timers = new TimerLists({ monotonic, setTimeout: (callback, delay) => setTimeout(callback, delay) });

/**
 * The time of this computer, the default everywhere. Its timers are in lists, one for each duration: a deadline that is
 * met costs two links of a list.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic,
  setTimeout: (callback, delay) => timers.set(callback, delay),
  clearTimeout: (handle) => {
    if (handle instanceof ListedTimer) timers.clear(handle);
  },
};
