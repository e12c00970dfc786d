import type { Clock } from '../model/clock.js';
import { ConfigurationError } from '../model/errors.js';

/** Removes at most `limit` of something in one short step. @returns how many it removed */
export type SweepStep = (limit: number) => Promise<number>;

/** So many at once: small enough that a step stalls nobody. */
const BATCH = 500;

/**
 * Clears away in the background what has expired: in short steps, with a turn of the event loop between two of them.
 * Nothing depends on it but space, since an expired session is invalid on look-up, swept or not.
 */
export class Sweeper {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #step: SweepStep;
  readonly #onFault: (cause: unknown) => void;
  #timer: unknown;
  #stopped = false;

  /**
   * @param interval - milliseconds from the end of one sweep to the begin of the next
   * @throws ConfigurationError if that is no positive whole number
   */
  constructor(clock: Clock, interval: number, step: SweepStep, onFault: (cause: unknown) => void) {
    if (!(Number.isSafeInteger(interval) && interval > 0)) {
      throw new ConfigurationError(
        `sweepInterval must be a positive whole number of milliseconds, and is ${interval}.`,
      );
    }
    this.#clock = clock;
    this.#interval = interval;
    this.#step = step;
    this.#onFault = onFault;
    this.#schedule(interval);
  }

  stop(): void {
    this.#stopped = true;
    this.#clock.clearTimeout(this.#timer);
  }

  #schedule(delay: number): void {
    if (this.#stopped) return;
    this.#timer = this.#clock.setTimeout(() => this.#run(), delay);
    // It must not keep a process alive that has nothing else to do.
    (this.#timer as { unref?: () => void } | undefined)?.unref?.();
  }

  async #run(): Promise<void> {
    let removed = 0;
    try {
      removed = await this.#step(BATCH);
    } catch (cause) {
      this.#onFault(cause);
    }
    this.#schedule(removed < BATCH ? this.#interval : 0);
  }
}
