import type { Call } from './call.js';

/** A bounded number of places, handed out in the order in which they were asked for. */
export class Places {
  #free: number;
  readonly #turns = new Set<() => void>();

  constructor(size: number) {
    this.#free = size;
  }

  /** How many wait for a place. None does while one is free. */
  get waiting(): number {
    return this.#turns.size;
  }

  /** Takes a place that is free now. @returns whether there was one */
  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /**
   * @returns when it is the call's turn; who waits for it must `release` the place
   * @throws the reason for which the call ends before that
   */
  wait(call: Call): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = () => {
        call.underWay.delete(undertaking);
        resolve();
      };
      const undertaking = {
        destroy: (reason: Error) => {
          this.#turns.delete(turn);
          reject(reason);
        },
      };
      this.#turns.add(turn);
      call.underWay.add(undertaking);
    });
  }

  /** Gives a place back. It goes straight to whoever waits longest. */
  release(): void {
    const [next] = this.#turns;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#turns.delete(next);
    next();
  }
}
