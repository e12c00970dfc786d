import type { GuessBusy, GuessLocked, GuessRules, GuessStore, GuessVerdict } from '../adapters/guess-store.js';
import type { CallOptions } from '../adapters/ports.js';
import { addressKey } from '../model/address-key.js';
import type { Clock } from '../model/clock.js';
import { ConfigurationError } from '../model/errors.js';
import type { FailureCode } from '../model/failure-reason.js';
import { Background } from './background.js';
import { type Guess, GuessCounter } from './guess-counter.js';
import { MemoryGuessStore } from './memory-guess-store.js';

/** How many failed attempts are allowed within which time. */
export interface ThrottleLimit {
  /** Failed attempts that are allowed; the next one is refused. */
  maxFailures: number;
  /** Milliseconds from the first failure after which they are forgotten, and a locked key is free again. */
  window: number;
}

/** Options of the throttle, which slows down guessing (ASVS 6.3.1, NIST SP 800-63B-4 section 3.2.2). */
export interface ThrottleOptions {
  /**
   * Failures of one asserted account, wherever they come from. A success forgets them.
   *
   * @defaultValue 50 in an hour; NIST allows at most 100
   */
  account?: ThrottleLimit;
  /**
   * Failures from one client address (an IPv6 address counts with its whole /64), whatever the account.
   *
   * @defaultValue 200 in an hour
   */
  address?: ThrottleLimit;
  /**
   * Whether failures of an account from addresses that it was used from before count apart from all others: up to as many,
   * and no more than 100 with them. Whoever guesses elsewhere then cannot lock its user out.
   *
   * @defaultValue true
   */
  trustKnownAddresses?: boolean;
  /**
   * Where failed attempts are counted. Nodes that share a store share their limits, which must then be the same on all of
   * them: `redisGuessStore` or `postgresGuessStore`. The orchestrator closes it.
   *
   * @defaultValue in memory: each process counts for itself
   */
  store?: GuessStore;
}

/** An attempt that may go ahead. Settle it once its outcome is known. */
export interface Attempt {
  outcome: 'reserved';
  settle(verdict: GuessVerdict): Promise<void>;
}

/** An attempt that may not. */
export interface Throttled {
  outcome: 'refused';
  code: FailureCode & ('locked' | 'throttled');
  /** Seconds. */
  retryAfter: number;
}

/** What a throttle needs of its orchestrator. */
export interface ThrottleSurroundings {
  clock: Clock;
  /** Milliseconds that an init takes at most. */
  longestInit: number;
}

const OPTIONS = ['account', 'address', 'trustKnownAddresses', 'store'];
const NIST_MAXIMUM = 100;
/** Almost 25 days: who is locked out for longer is locked out for good. */
const MAX_WINDOW = 2 ** 31 - 1;
/** How long the outcome of an init may be on its way to the store, in milliseconds. */
const SETTLING = 5_000;

/** Bounds failed attempts by account and by address. Only a denial counts: faults, time-outs and overload never do. */
export class Throttle {
  readonly store: GuessStore;
  readonly #accounts: GuessCounter;
  readonly #addresses: GuessCounter;
  readonly #unsettled = new Background();

  /** @throws ConfigurationError if a limit is not positive, or lets more failures through than NIST allows */
  constructor(options: ThrottleOptions, { clock, longestInit }: ThrottleSurroundings) {
    const unknown = Object.keys(options).find((key) => !OPTIONS.includes(key));
    if (unknown !== undefined) throw new ConfigurationError(`throttle has ${OPTIONS.join(', ')}, and no ${unknown}.`);
    const account = checked('account', options.account ?? { maxFailures: 50, window: 3_600_000 });
    const address = checked('address', options.address ?? { maxFailures: 200, window: 3_600_000 });
    if (account.maxFailures > NIST_MAXIMUM) {
      throw new ConfigurationError(
        `throttle.account.maxFailures is ${account.maxFailures}; at most ${NIST_MAXIMUM} are allowed (NIST SP 800-63B-4, 3.2.2).`,
      );
    }
    const store = options.store ?? new MemoryGuessStore(clock);
    if (typeof store.reserve !== 'function' || typeof store.settle !== 'function') {
      throw new ConfigurationError('throttle.store must have the methods reserve and settle.');
    }
    const atKnown = Math.min(account.maxFailures, NIST_MAXIMUM - account.maxFailures);
    const maxFailuresAtKnown = options.trustKnownAddresses === false ? 0 : atKnown;
    const lease = longestInit + SETTLING;
    const accounts: GuessRules = { kind: 'account', ...account, maxFailuresAtKnown, lease, clearsOnSuccess: true };
    // An address's must not clear, or an attacker with one good account guesses at will.
    const addresses: GuessRules = { kind: 'address', ...address, maxFailuresAtKnown: 0, lease, clearsOnSuccess: false };
    this.store = store;
    this.#accounts = new GuessCounter(store, accounts, clock);
    this.#addresses = new GuessCounter(store, addresses, clock);
  }

  /** Takes part in both counts before anything is asked of a backend. It waits if only attempts under way are in the way. */
  async reserve(username: string, ipAddress: string, options: CallOptions): Promise<Attempt | Throttled> {
    const address = addressKey(ipAddress);
    const results = await Promise.allSettled([
      this.#addresses.reserveNow(address),
      this.#accounts.reserveNow(username, address),
    ]);
    const [byAddress, byAccount] = [answerIn(results[0]), answerIn(results[1])];
    if (byAddress?.outcome === 'reserved' && byAccount?.outcome === 'reserved') {
      return new BothCounts(byAccount, byAddress, this.#unsettled);
    }
    // It must not wait for a place by address: that comes first, or two attempts could wait for each other.
    withdraw(byAccount);
    if (byAddress?.outcome === 'reserved' && byAccount?.outcome === 'busy') {
      return this.#inOrder(username, address, options, byAddress, byAccount);
    }
    withdraw(byAddress);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    if (byAddress?.outcome === 'locked') return refused('throttled', byAddress);
    if (byAccount?.outcome === 'locked') return refused('locked', byAccount);
    return this.#inOrder(username, address, options);
  }

  /** Only attempts under way are in the way. `held` and `asked` are what is known already. */
  async #inOrder(
    username: string,
    address: string,
    options: CallOptions,
    held?: Guess,
    asked?: GuessBusy,
  ): Promise<Attempt | Throttled> {
    const byAddress = held ?? (await this.#addresses.reserve(address, undefined, options));
    if (byAddress.outcome === 'locked') return refused('throttled', byAddress);
    let byAccount: Guess | GuessLocked | undefined;
    try {
      byAccount = await this.#accounts.reserve(username, address, options, asked);
      if (byAccount.outcome === 'locked') return refused('locked', byAccount);
      return new BothCounts(byAccount, byAddress, this.#unsettled);
    } finally {
      if (byAccount?.outcome !== 'reserved') withdraw(byAddress);
    }
  }

  /** @returns when all that has ended is counted, or given up */
  whenSettled(): Promise<void> {
    return this.#unsettled.whenIdle();
  }
}

type Answer = Guess | GuessLocked | GuessBusy;

function answerIn(result: PromiseSettledResult<Answer>): Answer | undefined {
  return result.status === 'fulfilled' ? result.value : undefined;
}

/** Nobody waits for that, and a place that cannot be given back is free by itself. */
function withdraw(answer: Answer | undefined): void {
  if (answer?.outcome === 'reserved') answer.settle('withdrawn').catch(() => {});
}

function refused(code: Throttled['code'], { retryAfter }: GuessLocked): Throttled {
  return { outcome: 'refused', code, retryAfter: Math.max(1, Math.ceil(retryAfter / 1_000)) };
}

/** @throws ConfigurationError if it is none that can be counted by */
function checked(name: string, { maxFailures, window }: ThrottleLimit): ThrottleLimit {
  const isWhole = Number.isInteger(maxFailures) && Number.isInteger(window);
  if (!isWhole || maxFailures < 1 || window < 1 || window > MAX_WINDOW) {
    throw new ConfigurationError(
      `throttle.${name} needs whole numbers: maxFailures from 1, and window from 1 to ${MAX_WINDOW} milliseconds.`,
    );
  }
  return { maxFailures, window };
}

class BothCounts implements Attempt {
  readonly outcome = 'reserved';
  readonly #byAccount: Guess;
  readonly #byAddress: Guess;
  readonly #unsettled: Background;

  constructor(byAccount: Guess, byAddress: Guess, unsettled: Background) {
    this.#byAccount = byAccount;
    this.#byAddress = byAddress;
    this.#unsettled = unsettled;
  }

  async settle(verdict: GuessVerdict): Promise<void> {
    this.#unsettled.begin();
    try {
      await Promise.all([this.#byAccount.settle(verdict), this.#byAddress.settle(verdict)]);
    } finally {
      this.#unsettled.end();
    }
  }
}
