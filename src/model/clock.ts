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
   * Calls `callback` once, when `delay` milliseconds have passed, however many they are. The platform's timers count
   * whole milliseconds, so it can come up to one of them early.
   */
  setTimeout(callback: () => void, delay: number): unknown;
  /** Makes the callback of {@link Clock.setTimeout} not come. A handle that has fired or is undefined is ignored. */
  clearTimeout(handle: unknown): void;
}

type TimerHandle = ReturnType<typeof setTimeout>;

/** 24.8 days. The platform's timers fire at once when they are asked for more. */
const LONGEST_DELAY = 2 ** 31 - 1;

class LongTimer {
  readonly #callback: () => void;
  #handle: TimerHandle;

  constructor(callback: () => void, delay: number) {
    this.#callback = callback;
    this.#handle = this.#wait(delay);
  }

  #wait(delay: number): TimerHandle {
    if (delay <= LONGEST_DELAY) return setTimeout(this.#callback, delay);
    return setTimeout(() => {
      this.#handle = this.#wait(delay - LONGEST_DELAY);
    }, LONGEST_DELAY);
  }

  clear(): void {
    clearTimeout(this.#handle);
  }
}

/** The machine's own clock, the default everywhere. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delay) =>
    delay > LONGEST_DELAY ? new LongTimer(callback, delay) : setTimeout(callback, delay),
  clearTimeout: (handle) => {
    if (handle instanceof LongTimer) handle.clear();
    else clearTimeout(handle as TimerHandle | undefined);
  },
};
