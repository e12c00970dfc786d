import type { Clock } from '../../../model/clock.js';

/** So much at once. What is beyond it is left to whoever finds it half-made. */
const MOST = 1_000;

/** Milliseconds before another attempt at what has failed. */
const PAUSES = [250, 1_000, 4_000, 16_000];

/** What is done after the answer was given. What fails is tried again for a while. */
export class Background {
  readonly #clock: Clock;
  readonly #running = new Set<Promise<void>>();
  readonly #pausing = new Set<unknown>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  run(work: () => Promise<unknown>, failures = 0): void {
    if (this.#isClosed || this.#running.size + this.#pausing.size >= MOST) return;
    const attempt = work().then(
      () => {},
      () => this.#tryLater(work, failures),
    );
    this.#running.add(attempt);
    attempt.finally(() => this.#running.delete(attempt));
  }

  /** Waits for what is being done, and leaves what waits for another attempt. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#pausing) this.#clock.clearTimeout(timer);
    this.#pausing.clear();
    await Promise.all(this.#running);
  }

  #tryLater(work: () => Promise<unknown>, failures: number): void {
    const pause = PAUSES[failures];
    if (pause === undefined || this.#isClosed) return;
    const timer = this.#clock.setTimeout(() => {
      this.#pausing.delete(timer);
      this.run(work, failures + 1);
    }, pause);
    (timer as { unref?: () => void } | undefined)?.unref?.();
    this.#pausing.add(timer);
  }
}
