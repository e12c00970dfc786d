import { abortableOf, type HasSignal } from './lazy-signal.js';

/** A bounded number of places, handed out in the order in which they were asked for. */
export class Slots {
  readonly #size: number;
  readonly #queue = new Set<() => void>();
  #taken = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** How many wait for a place. None does while one is free. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Takes a place that is free now. @returns whether there was one */
  take(): boolean {
    if (this.#taken >= this.#size) return false;
    this.#taken++;
    return true;
  }

  /**
   * @returns when a place is free; who asks for it must `release` it
   * @throws the reason of the signal if that is aborted while there is none
   */
  acquire(options: HasSignal): Promise<void> {
    if (this.take()) return Promise.resolve();
    const caller = abortableOf(options);
    return new Promise((resolve, reject) => {
      caller.throwIfAborted();
      const turn = () => {
        caller.offAbort(abort);
        resolve();
      };
      const abort = () => {
        this.#queue.delete(turn);
        reject(caller.signal.reason);
      };
      caller.onAbort(abort);
      this.#queue.add(turn);
    });
  }

  /** Gives a place back. It goes straight to whoever waits longest. */
  release(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#taken--;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
