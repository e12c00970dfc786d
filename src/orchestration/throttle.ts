import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { CallOptions } from '../adapters/ports.js';
import { addressKey } from '../model/address-key.js';
import { ConfigurationError } from '../model/errors.js';
import type { FailureCode } from '../model/failure-reason.js';
import { type Guess, GuessCounter, type Verdict } from './guess-counter.js';
import { RecentKeys } from './recent-keys.js';

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
}

/** An attempt that may go ahead. Settle it once its outcome is known. */
export interface Attempt {
  outcome: 'reserved';
  settle(verdict: Verdict): Promise<void>;
}

/** An attempt that may not. */
export interface Throttled {
  outcome: 'refused';
  code: FailureCode & ('locked' | 'throttled');
  /** Seconds. */
  retryAfter: number;
}

const OPTIONS = ['account', 'address', 'trustKnownAddresses'];
const NIST_MAXIMUM = 100;
/** So many pairs of account and address are remembered. */
const MAX_TRUSTED = 100_000;
/** The longest delay that a timer takes: the counts are forgotten by one. */
const MAX_WINDOW = 2 ** 31 - 1;

/** Bounds failed attempts by account and by address. Only a denial counts: faults, time-outs and overload never do. */
export class Throttle {
  readonly #accounts: GuessCounter;
  readonly #addresses: GuessCounter;
  /** Of accounts at addresses from which they were used; together with the other count it stays within NIST's maximum. */
  readonly #atKnownAddresses: GuessCounter | undefined;
  /** Accounts with addresses from which they were used: those used last. */
  readonly #trusted = new RecentKeys(MAX_TRUSTED);

  /** @throws ConfigurationError if a limit is not positive, or lets more failures through than NIST allows */
  constructor(options: ThrottleOptions = {}) {
    const unknown = Object.keys(options).find((key) => !OPTIONS.includes(key));
    if (unknown !== undefined) throw new ConfigurationError(`throttle has ${OPTIONS.join(', ')}, and no ${unknown}.`);
    const account = options.account ?? { maxFailures: 50, window: 3_600_000 };
    const address = options.address ?? { maxFailures: 200, window: 3_600_000 };
    if (account.maxFailures > NIST_MAXIMUM) {
      throw new ConfigurationError(
        `throttle.account.maxFailures is ${account.maxFailures}; at most ${NIST_MAXIMUM} are allowed (NIST SP 800-63B-4, 3.2.2).`,
      );
    }
    this.#accounts = new GuessCounter(limiter('account', account), true);
    this.#addresses = new GuessCounter(limiter('address', address), false);
    const known = Math.min(account.maxFailures, NIST_MAXIMUM - account.maxFailures);
    if (options.trustKnownAddresses !== false && known > 0) {
      const limit = limiter('known-address', { ...account, maxFailures: known });
      this.#atKnownAddresses = new GuessCounter(limit, true);
    }
  }

  /** Takes part in both counts before anything is asked of a backend. It waits if only attempts under way are in the way. */
  async reserve(username: string, ipAddress: string, options: CallOptions): Promise<Attempt | Throttled> {
    const address = addressKey(ipAddress);
    const byAddress = await this.#addresses.reserve(address, options);
    if (typeof byAddress === 'number') return { outcome: 'refused', code: 'throttled', retryAfter: byAddress };
    let byAccount: Guess | number;
    try {
      byAccount = await this.#counterOf(username, address).reserve(username, options);
    } catch (error) {
      await byAddress.settle('withdrawn');
      throw error;
    }
    if (typeof byAccount === 'number') {
      await byAddress.settle('withdrawn');
      return { outcome: 'refused', code: 'locked', retryAfter: byAccount };
    }
    return new BothCounts(byAccount, byAddress, () => this.#trusted.add(pairOf(username, address)));
  }

  /** Attempts from addresses that the account was used from count apart: who guesses elsewhere locks nobody out. */
  #counterOf(username: string, address: string): GuessCounter {
    return this.#trusted.has(pairOf(username, address)) ? (this.#atKnownAddresses ?? this.#accounts) : this.#accounts;
  }
}

function pairOf(username: string, address: string): string {
  return JSON.stringify([username, address]);
}

class BothCounts implements Attempt {
  readonly outcome = 'reserved';
  readonly #byAccount: Guess;
  readonly #byAddress: Guess;
  readonly #onSuccess: () => void;

  constructor(byAccount: Guess, byAddress: Guess, onSuccess: () => void) {
    this.#byAccount = byAccount;
    this.#byAddress = byAddress;
    this.#onSuccess = onSuccess;
  }

  async settle(verdict: Verdict): Promise<void> {
    if (verdict === 'succeeded') this.#onSuccess();
    await Promise.all([this.#byAccount.settle(verdict), this.#byAddress.settle(verdict)]);
  }
}

/** It counts by the system's clock, whatever clock the orchestrator runs on: its store may be shared with other nodes. */
function limiter(name: string, { maxFailures, window }: ThrottleLimit): RateLimiterMemory {
  const isWhole = Number.isInteger(maxFailures) && Number.isInteger(window);
  if (!isWhole || maxFailures < 1 || window < 1 || window > MAX_WINDOW) {
    throw new ConfigurationError(
      `throttle.${name} needs whole numbers: maxFailures from 1, and window from 1 to ${MAX_WINDOW} milliseconds.`,
    );
  }
  return new RateLimiterMemory({ keyPrefix: name, points: maxFailures, duration: window / 1000 });
}
