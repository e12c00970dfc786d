import type { Clock } from '../../model/clock.js';

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;

/**
 * Keeps calls from trying to connect one after the other to a server that is not there. After an attempt that failed they
 * fail at once, as it did, until the pause is over; pauses grow, and their lengths are random, so that the nodes of a
 * service do not come back all at once.
 */
export class ReconnectPause {
  readonly #clock: Clock;
  #pause = 0;
  #over = Number.NEGATIVE_INFINITY;
  #failure: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws what `connect` throws, or has thrown before the pause */
  async attempt<Connection>(connect: () => Promise<Connection>): Promise<Connection> {
    if (this.#clock.monotonic() < this.#over) throw this.#failure;
    try {
      const connection = await connect();
      this.#pause = 0;
      this.#over = Number.NEGATIVE_INFINITY;
      return connection;
    } catch (cause) {
      // Attempts that were under way at the same time are one failure.
      if (this.#clock.monotonic() >= this.#over) this.#begin();
      this.#failure = cause;
      throw cause;
    }
  }

  #begin(): void {
    this.#pause = Math.min(Math.max(this.#pause * 2, FIRST_PAUSE), LONGEST_PAUSE);
    this.#over = this.#clock.monotonic() + this.#pause * (0.5 + Math.random() / 2);
  }
}
