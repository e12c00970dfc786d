import type {
  GuessAnswer,
  GuessAttempt,
  GuessBusy,
  GuessLocked,
  GuessPlace,
  GuessRules,
  GuessStore,
  GuessVerdict,
} from '../adapters/guess-store.js';
import type { CallOptions } from '../adapters/ports.js';
import type { Clock } from '../model/clock.js';
import { ClosedError } from '../model/errors.js';
import { askForPlace } from './ask-for-place.js';
import { WaitingGuesses } from './waiting-guesses.js';

/** Milliseconds until an outcome that could not be counted is told to the store again; then twice as many, up to the most. */
const FIRST_RETRY = 250;
const LAST_RETRY = 4_000;

/** An attempt that may go ahead. It must be settled, once. */
export interface Guess {
  readonly outcome: 'reserved';
  /** @throws whatever the store throws, if it does so until the place is free by itself */
  settle(verdict: GuessVerdict): Promise<void>;
}

/**
 * Lets no more attempts on one key go ahead at once than may still fail, so that a limit of 50 failures is one of 50 guesses
 * also when a thousand come together (promise P8).
 *
 * An attempt that finds no place waits if others are under way, for they may give theirs back; if failures alone have taken
 * them all, the key is locked until its window has passed. Attempts while it is locked do not prolong that: nobody can be
 * locked out for good.
 */
export class GuessCounter {
  readonly #store: GuessStore;
  readonly #rules: GuessRules;
  readonly #clock: Clock;
  /** There are some only while somebody waits: most keys have one attempt at a time. */
  readonly #waiting = new Map<string, WaitingGuesses>();

  constructor(store: GuessStore, rules: GuessRules, clock: Clock) {
    this.#store = store;
    this.#rules = rules;
    this.#clock = clock;
  }

  /** Asks for a place, and does not wait for one. @throws whatever the store throws */
  async reserveNow(key: string, from?: string): Promise<Guess | GuessLocked | GuessBusy> {
    const attempt = { rules: this.#rules, key, from };
    const answer = await askForPlace(this.#store, attempt);
    return answer.outcome === 'reserved' ? new Reservation(this, attempt, answer) : answer;
  }

  /**
   * Waits for a place as long as only attempts under way are in the way.
   *
   * @param asked - what the store has said already
   * @throws whatever the store throws, the reason of the signal, or an OverloadedError if too many wait already
   */
  async reserve(
    key: string,
    from: string | undefined,
    options: CallOptions,
    asked?: GuessBusy,
  ): Promise<Guess | GuessLocked> {
    const attempt = { rules: this.#rules, key, from };
    let answer: GuessAnswer = asked ?? (await askForPlace(this.#store, attempt));
    while (answer.outcome === 'busy') answer = await this.#wait(attempt, answer.atKnown, options.signal);
    return answer.outcome === 'locked' ? answer : new Reservation(this, attempt, answer);
  }

  /** Counts what became of an attempt that had gone ahead. */
  async settle(attempt: GuessAttempt, place: GuessPlace, verdict: GuessVerdict): Promise<void> {
    const givenUpAt = this.#clock.monotonic() + this.#rules.lease;
    for (let delay = FIRST_RETRY; ; delay = Math.min(2 * delay, LAST_RETRY)) {
      try {
        await this.#store.settle(attempt, place, verdict);
        break;
      } catch (error) {
        if (error instanceof ClosedError || this.#clock.monotonic() + delay >= givenUpAt) throw error;
      }
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, delay));
    }
    if (this.#waiting.size > 0) this.#waiting.get(lineOf(attempt.key, place.atKnown))?.askAgain();
  }

  #wait(attempt: GuessAttempt, atKnown: boolean, signal: AbortSignal): Promise<GuessAnswer> {
    signal.throwIfAborted();
    const line = lineOf(attempt.key, atKnown);
    let waiting = this.#waiting.get(line);
    if (waiting === undefined) {
      waiting = new WaitingGuesses(this.#store, this.#clock, atKnown, () => this.#waiting.delete(line));
      this.#waiting.set(line, waiting);
    }
    return waiting.join(attempt, signal);
  }
}

/** Those who wait for a place among attempts from known addresses do not stand behind all others. */
function lineOf(key: string, atKnown: boolean): string {
  return `${atKnown ? 'known' : 'other'} ${key}`;
}

/** An attempt that has gone ahead. */
class Reservation implements Guess {
  readonly outcome = 'reserved';
  readonly #counter: GuessCounter;
  readonly #attempt: GuessAttempt;
  readonly #place: GuessPlace;

  constructor(counter: GuessCounter, attempt: GuessAttempt, place: GuessPlace) {
    this.#counter = counter;
    this.#attempt = attempt;
    this.#place = place;
  }

  settle(verdict: GuessVerdict): Promise<void> {
    return this.#counter.settle(this.#attempt, this.#place, verdict);
  }
}
