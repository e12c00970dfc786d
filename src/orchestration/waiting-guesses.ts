import type { GuessAnswer, GuessAttempt, GuessStore } from '../adapters/guess-store.js';
import type { Clock } from '../model/clock.js';
import { OverloadedError } from '../model/errors.js';
import { askForPlace } from './ask-for-place.js';

/** So many may wait on one key: those of one account or address must not fill the queue of all. */
const MAX_WAITING = 1_024;

interface Waiter {
  readonly attempt: GuessAttempt;
  readonly decide: (answer: GuessAnswer) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Attempts that wait for a place in one count. However many there are, one question at a time goes to the store, on behalf
 * of who waits longest: when an attempt of this process has ended, and as often as the store wants it for those of others.
 */
export class WaitingGuesses {
  readonly #store: GuessStore;
  readonly #clock: Clock;
  readonly #atKnown: boolean;
  readonly #onEmpty: () => void;
  readonly #waiters = new Set<Waiter>();
  /** Whether an attempt has ended since the store was asked. */
  #mayHaveChanged = false;
  #serving: Promise<void> | undefined;
  #wakeUp: (() => void) | undefined;

  /** @param onEmpty - told when nobody waits any more; nobody may join from then on */
  constructor(store: GuessStore, clock: Clock, atKnown: boolean, onEmpty: () => void) {
    this.#store = store;
    this.#clock = clock;
    this.#atKnown = atKnown;
    this.#onEmpty = onEmpty;
  }

  /**
   * @returns what the store says at last; `busy` only of another count, if the address has become known meanwhile
   * @param signal - not aborted yet
   * @throws whatever the store throws, the reason of the signal, or an OverloadedError if too many wait already
   */
  join(attempt: GuessAttempt, signal: AbortSignal): Promise<GuessAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#waiters.size >= MAX_WAITING) {
        return reject(new OverloadedError(`${MAX_WAITING} attempts wait for this key.`));
      }
      const leaving = <Value>(settle: (value: Value) => void) => {
        return (value: Value) => {
          signal.removeEventListener('abort', abort);
          this.#waiters.delete(waiter);
          settle(value);
        };
      };
      const waiter: Waiter = { attempt, decide: leaving(resolve), fail: leaving(reject) };
      const abort = () => {
        waiter.fail(signal.reason);
        if (this.#waiters.size === 0) this.#wakeUp?.();
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiters.add(waiter);
      this.#serving ??= this.#serve();
    });
  }

  /** An attempt has ended: there may be a place. */
  askAgain(): void {
    this.#mayHaveChanged = true;
    this.#wakeUp?.();
  }

  async #serve(): Promise<void> {
    try {
      for (let first = this.#first; first !== undefined; first = this.#first) {
        this.#mayHaveChanged = false;
        await this.#heed(await askForPlace(this.#store, first.attempt), first);
      }
    } catch (error) {
      for (const waiter of this.#waiters) waiter.fail(error);
    }
    this.#onEmpty();
  }

  async #heed(answer: GuessAnswer, asker: Waiter): Promise<void> {
    const isOfThisCount = answer.atKnown === this.#atKnown;
    if (answer.outcome === 'reserved') {
      // Who has asked may have left; then it is the next one's, for they are all alike to this count.
      const taker = this.#waiters.has(asker) || !isOfThisCount ? asker : this.#first;
      if (taker !== undefined && this.#waiters.has(taker)) taker.decide(answer);
      else await this.#store.settle(asker.attempt, answer, 'withdrawn');
    } else if (!isOfThisCount) {
      asker.decide(answer);
    } else if (answer.outcome === 'locked') {
      for (const waiter of this.#waiters) waiter.decide(answer);
    } else if (!this.#mayHaveChanged) {
      await this.#sleep(answer.askAgainIn);
    }
  }

  /** Until an attempt has ended, so much time has passed, or nobody waits any more. */
  async #sleep(milliseconds: number | undefined): Promise<void> {
    let timer: unknown;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
      if (milliseconds !== undefined) timer = this.#clock.setTimeout(resolve, milliseconds);
    });
    this.#clock.clearTimeout(timer);
    this.#wakeUp = undefined;
  }

  get #first(): Waiter | undefined {
    const [first] = this.#waiters;
    return first;
  }
}
