import type { Clock } from '../../../model/clock.js';
import { isRefusedByServer } from '../../postgres-client/postgresql-fault.js';

/** So many are remembered. Those that are forgotten end with their idle time-out. */
const CAPACITY = 1_000;

export interface LostCreationsOptions {
  readonly clock: Clock;
  /** Milliseconds after which the server is done with a statement that was sent to it, one way or the other. */
  readonly delay: number;
  /** Removes the sessions that these secrets open, by their hashes. */
  readonly remove: (hashes: readonly Buffer[]) => Promise<unknown>;
}

type Send = <Answer>(ask: () => Promise<Answer>) => Promise<Answer>;

/**
 * Creations whose answer never came. The session may be there or not, and its secret was never given to anybody; but it
 * would count against the limit of its user. So it is removed, once the server cannot come to it any more.
 */
export class LostCreations {
  readonly #options: LostCreationsOptions;
  /** Waits for the delay to pass. */
  #batch: readonly Buffer[] = [];
  /** Waits for the batch to be gone. */
  #next: Buffer[] = [];
  #timer: unknown;
  #isClosed = false;

  constructor(options: LostCreationsOptions) {
    this.#options = options;
  }

  /**
   * Runs a creation, and undoes it if it may have come about without an answer.
   *
   * @param create - sends what creates the session by `send`, and again if the server has refused it
   */
  async unlessAnswered<Result>(hash: Buffer, create: (send: Send) => Promise<Result>): Promise<Result> {
    let mayBeThere = false;
    try {
      return await create(async (ask) => {
        mayBeThere = true;
        return ask().catch((cause: unknown) => {
          mayBeThere = !isRefusedByServer(cause);
          throw cause;
        });
      });
    } catch (cause) {
      if (mayBeThere) this.#add(hash);
      throw cause;
    }
  }

  #add(hash: Buffer): void {
    if (this.#batch.length + this.#next.length < CAPACITY) this.#next.push(hash);
    if (this.#batch.length === 0) this.#begin();
  }

  close(): void {
    this.#isClosed = true;
    this.#options.clock.clearTimeout(this.#timer);
  }

  #begin(): void {
    this.#batch = this.#next;
    this.#next = [];
    if (this.#isClosed || this.#batch.length === 0) return;
    this.#timer = this.#options.clock.setTimeout(() => this.#remove(), this.#options.delay);
  }

  async #remove(): Promise<void> {
    try {
      await this.#options.remove(this.#batch);
    } catch {
      // Until the server is there again. It was not told of those that came meanwhile, either.
      this.#next.unshift(...this.#batch);
    }
    this.#begin();
  }
}
