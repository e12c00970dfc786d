import type { Clock } from '../model/clock.js';

/** Options of {@link simulatedClock}. */
export interface SimulatedClockOptions {
  /** The wall-clock time to start at; a number is in milliseconds since the epoch. @defaultValue 2026-01-01T00:00:00Z */
  startAt?: Date | number;
}

/** A clock that stands still until it is told to move. */
export interface SimulatedClock extends Clock {
  /** How many timers wait to fire. */
  readonly pending: number;
  /** Milliseconds until the next timer fires; undefined if none waits. */
  readonly untilNext: number | undefined;
  /**
   * Moves time forward by `milliseconds` in one synchronous step. Each timer that becomes due fires in the order of its
   * due time, with `now()` and `monotonic()` at exactly that time; those that are set meanwhile take part.
   *
   * @throws whatever a timer throws; the clock then stands at the time of that timer
   */
  increment(milliseconds: number): void;
  /**
   * Moves time forward to the wall-clock time `time`, as {@link SimulatedClock.increment} does.
   *
   * @throws RangeError if that is in the past: see {@link SimulatedClock.jump}
   */
  set(time: Date | number): void;
  /**
   * Moves time forward by `milliseconds` like {@link SimulatedClock.increment}, and lets what was set off come to rest
   * (promises, and two turns of the event loop) before the first timer, after each, and at the end.
   */
  advance(milliseconds: number): Promise<void>;
  /** Sets the wall clock forward or back, as an administrator would. Timers and `monotonic()` take no notice. */
  jump(milliseconds: number): void;
}

class Timer {
  constructor(
    readonly due: number,
    readonly sequence: number,
    readonly callback: () => void,
  ) {}

  isBefore(other: Timer): boolean {
    return this.due < other.due || (this.due === other.due && this.sequence < other.sequence);
  }
}

/**
 * A clock for tests. A day passes in a call, and the same calls give the same times on every run.
 *
 * @example
 * ```ts
 * import { memorySessionManager } from 'session-init';
 * import { simulatedClock } from 'session-init/testing';
 *
 * const clock = simulatedClock();
 * const sessionManager = memorySessionManager({ clock, idleTimeout: 60_000 });
 * // …
 * clock.increment(60_000);
 * ```
 */
export function simulatedClock(options: SimulatedClockOptions = {}): SimulatedClock {
  return new SteppedClock(Number(options.startAt ?? Date.UTC(2026, 0, 1)));
}

/**
 * A class, though its methods may be taken from it as a closure's may: an object literal with a getter costs a hidden
 * class for each object, which holds all that its closures hold until the next full garbage collection.
 */
class SteppedClock implements SimulatedClock {
  #wallClockOrigin: number;
  #elapsed = 0;
  #timersSet = 0;
  /** In the order of firing. */
  readonly #timers: Timer[] = [];

  constructor(startAt: number) {
    this.#wallClockOrigin = startAt;
  }

  get pending(): number {
    return this.#timers.length;
  }

  get untilNext(): number | undefined {
    const [next] = this.#timers;
    return next && Math.max(0, next.due - this.#elapsed);
  }

  readonly now = (): number => Math.floor(this.#wallClockOrigin + this.#elapsed);

  readonly monotonic = (): number => this.#elapsed;

  readonly setTimeout = (callback: () => void, delay: number): unknown => {
    if (!Number.isFinite(delay)) {
      throw new RangeError(`A delay is a finite number, and is ${delay}: the platform's timers would fire at once.`);
    }
    this.#timersSet += 1;
    const timer = new Timer(this.#elapsed + Math.max(0, delay), this.#timersSet, callback);
    this.#timers.splice(this.#indexOf(timer), 0, timer);
    return timer;
  };

  readonly clearTimeout = (handle: unknown): void => {
    if (!(handle instanceof Timer)) return;
    const index = this.#indexOf(handle);
    if (this.#timers[index] === handle) this.#timers.splice(index, 1);
  };

  readonly increment = (milliseconds: number): void => {
    const target = this.#targetAfter(milliseconds);
    while (this.#fireNext(target));
    this.#elapsed = Math.max(this.#elapsed, target);
  };

  readonly set = (time: Date | number): void => {
    this.increment(Number(time) - this.#wallClockOrigin - this.#elapsed);
  };

  readonly advance = async (milliseconds: number): Promise<void> => {
    const target = this.#targetAfter(milliseconds);
    do await settle();
    while (this.#fireNext(target));
    this.#elapsed = Math.max(this.#elapsed, target);
    await settle();
  };

  readonly jump = (milliseconds: number): void => {
    this.#wallClockOrigin += milliseconds;
  };

  /** Where `timer` is in `#timers`, or would have to be. */
  #indexOf(timer: Timer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle] as Timer).isBefore(timer)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @returns whether a timer was due by `time`, and has fired */
  #fireNext(time: number): boolean {
    const timer = this.#timers[0];
    if (timer === undefined || timer.due > time) return false;
    this.#timers.shift();
    this.#elapsed = Math.max(this.#elapsed, timer.due);
    timer.callback();
    return true;
  }

  #targetAfter(milliseconds: number): number {
    if (milliseconds >= 0 && Number.isFinite(milliseconds)) return this.#elapsed + milliseconds;
    throw new RangeError(`Time moves forward by a finite number of milliseconds, not by ${milliseconds}. See jump().`);
  }
}

/** Two turns, since a callback that is about to be queued in this one comes after ours. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  await new Promise<void>((resolve) => setImmediate(resolve));
}
