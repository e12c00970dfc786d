/**
 * The one source of time. Everything that waits, measures or stamps a time takes it from here, so that a test can
 * run a day in a millisecond. It is a superset of XState's own clock.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. It can jump, both ways. */
  now(): number;
  /** Milliseconds from an arbitrary origin that never jump: for durations. */
  monotonic(): number;
  /** Calls `callback` once, `delay` milliseconds from now or later; never earlier. */
  setTimeout(callback: () => void, delay: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** The machine's own clock, the default everywhere. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (handle) => clearTimeout(handle as Parameters<typeof clearTimeout>[0]),
};
