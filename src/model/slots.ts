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
  acquire(options: { readonly signal: AbortSignal }): Promise<void> {
    if (this.take()) return Promise.resolve();
    const { signal } = options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const turn = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = () => {
        this.#queue.delete(turn);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
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
