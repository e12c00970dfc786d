import { abortableOf, type HasSignal } from './lazy-signal.js';

/** One who waits, between those who came before and after. */
interface Waiting {
  readonly turn: () => void;
  before: Waiting | undefined;
  after: Waiting | undefined;
}

/** A bounded number of places, handed out in the order in which they were asked for. */
export class Slots {
  readonly #size: number;
  // A list of links: of a Set, the first member is the slower to find the more have left before it.
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #waiting = 0;
  #taken = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** How many wait for a place. None does while one is free. */
  get waiting(): number {
    return this.#waiting;
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
        this.#leave(waiting);
        reject(caller.signal.reason);
      };
      caller.onAbort(abort);
      const waiting = this.#enter(turn);
    });
  }

  /** Gives a place back. It goes straight to whoever waits longest. */
  release(): void {
    const next = this.#first;
    if (next === undefined) {
      this.#taken--;
      return;
    }
    this.#leave(next);
    next.turn();
  }

  #enter(turn: () => void): Waiting {
    const waiting: Waiting = { turn, before: this.#last, after: undefined };
    if (this.#last === undefined) this.#first = waiting;
    else this.#last.after = waiting;
    this.#last = waiting;
    this.#waiting++;
    return waiting;
  }

  #leave({ before, after }: Waiting): void {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    this.#waiting--;
  }
}
