import type {
  GuessAnswer,
  GuessAttempt,
  GuessPlace,
  GuessRules,
  GuessStore,
  GuessVerdict,
} from '../adapters/guess-store.js';
import type { Clock } from '../model/clock.js';
import { RecentKeys } from './recent-keys.js';

/** So many pairs of account and address are remembered. */
const MAX_KNOWN = 100_000;

const DONE = Promise.resolve();
/** Nobody outside of this process takes places, so they need no lease, and one answer serves all. */
const [RESERVED, RESERVED_AT_KNOWN] = [false, true].map((atKnown) =>
  Promise.resolve<GuessPlace>({ outcome: 'reserved', atKnown, lease: '' }),
) as [Promise<GuessPlace>, Promise<GuessPlace>];

interface Failures {
  count: number;
  /** The monotonic time at which they are forgotten. */
  readonly until: number;
}

/** Counts failed attempts in this process. */
export class MemoryGuessStore implements GuessStore {
  readonly name = 'memory';
  readonly #clock: Clock;
  readonly #counts = new Map<string, Counts>();
  /** Accounts with addresses from which they were used: those used last. */
  readonly #known = new RecentKeys(MAX_KNOWN);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  reserve(attempt: GuessAttempt): Promise<GuessAnswer> {
    const { rules, key } = attempt;
    const atKnown = rules.maxFailuresAtKnown > 0 && this.#known.has(pairOf(attempt));
    const limit = atKnown ? rules.maxFailuresAtKnown : rules.maxFailures;
    const counts = this.#countsOf(rules, atKnown);
    const now = this.#clock.monotonic();
    const { count, until } = counts.failuresOf(key, now);
    if (count >= limit) return Promise.resolve({ outcome: 'locked', atKnown, retryAfter: until - now });
    if (!counts.take(key, limit - count)) return Promise.resolve({ outcome: 'busy', atKnown });
    return atKnown ? RESERVED_AT_KNOWN : RESERVED;
  }

  settle(attempt: GuessAttempt, { atKnown }: GuessPlace, verdict: GuessVerdict): Promise<void> {
    const { rules, key } = attempt;
    const counts = this.#countsOf(rules, atKnown);
    counts.giveBack(key);
    if (verdict === 'denied') counts.fail(key, this.#clock.monotonic(), rules.window);
    if (verdict === 'succeeded') {
      if (rules.clearsOnSuccess) counts.forget(key);
      if (rules.maxFailuresAtKnown > 0) this.#known.add(pairOf(attempt));
    }
    return DONE;
  }

  #countsOf({ kind }: GuessRules, atKnown: boolean): Counts {
    const name = atKnown ? `${kind} at known` : kind;
    let counts = this.#counts.get(name);
    if (counts === undefined) {
      counts = new Counts();
      this.#counts.set(name, counts);
    }
    return counts;
  }
}

const NONE: Failures = { count: 0, until: 0 };

/** Failures, and places taken, by key. */
class Counts {
  /** In the order in which they are forgotten, as the window is the same for all. */
  readonly #failures = new Map<string, Failures>();
  readonly #taken = new Map<string, number>();

  failuresOf(key: string, now: number): Failures {
    const failures = this.#failures.get(key);
    return failures !== undefined && failures.until > now ? failures : NONE;
  }

  take(key: string, places: number): boolean {
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= places) return false;
    this.#taken.set(key, taken + 1);
    return true;
  }

  giveBack(key: string): void {
    const taken = this.#taken.get(key) ?? 0;
    if (taken > 1) this.#taken.set(key, taken - 1);
    else this.#taken.delete(key);
  }

  fail(key: string, now: number, window: number): void {
    const there = this.failuresOf(key, now);
    if (there !== NONE) {
      there.count++;
      return;
    }
    for (const [forgotten, { until }] of this.#failures) {
      if (until > now) break;
      this.#failures.delete(forgotten);
    }
    this.#failures.set(key, { count: 1, until: now + window });
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }
}

function pairOf({ key, from }: GuessAttempt): string {
  return JSON.stringify([key, from]);
}
