import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { CallOptions } from '../adapters/ports.js';
import { ConfigurationError } from '../model/errors.js';
import type { FailureCode } from '../model/failure-reason.js';
import { addressKey } from './address-key.js';
import { type Guess, GuessCounter, type Verdict } from './guess-counter.js';

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

const NIST_MAXIMUM = 100;

/** Bounds failed attempts by account and by address. Only a denial counts: faults, time-outs and overload never do. */
export class Throttle {
  readonly #accounts: GuessCounter;
  readonly #addresses: GuessCounter;

  /** @throws ConfigurationError if a limit is not positive, or lets more failures through than NIST allows */
  constructor(options: ThrottleOptions = {}) {
    const account = options.account ?? { maxFailures: 50, window: 3_600_000 };
    const address = options.address ?? { maxFailures: 200, window: 3_600_000 };
    if (account.maxFailures > NIST_MAXIMUM) {
      throw new ConfigurationError(
        `throttle.account.maxFailures is ${account.maxFailures}; at most ${NIST_MAXIMUM} are allowed (NIST SP 800-63B-4, 3.2.2).`,
      );
    }
    this.#accounts = new GuessCounter(limiter('account', account), true);
    this.#addresses = new GuessCounter(limiter('address', address), false);
  }

  /** Takes part in both counts before anything is asked of a backend. It waits if only attempts under way are in the way. */
  async reserve(username: string, ipAddress: string, options: CallOptions): Promise<Attempt | Throttled> {
    const byAccount = await this.#accounts.reserve(username, options);
    if (typeof byAccount === 'number') return { outcome: 'refused', code: 'locked', retryAfter: byAccount };
    let byAddress: Guess | number;
    try {
      byAddress = await this.#addresses.reserve(addressKey(ipAddress), options);
    } catch (error) {
      await byAccount.settle('withdrawn');
      throw error;
    }
    if (typeof byAddress === 'number') {
      await byAccount.settle('withdrawn');
      return { outcome: 'refused', code: 'throttled', retryAfter: byAddress };
    }
    return new BothCounts(byAccount, byAddress);
  }
}

class BothCounts implements Attempt {
  readonly outcome = 'reserved';
  readonly #byAccount: Guess;
  readonly #byAddress: Guess;

  constructor(byAccount: Guess, byAddress: Guess) {
    this.#byAccount = byAccount;
    this.#byAddress = byAddress;
  }

  async settle(verdict: Verdict): Promise<void> {
    await Promise.all([this.#byAccount.settle(verdict), this.#byAddress.settle(verdict)]);
  }
}

/** It counts by the system's clock, whatever clock the orchestrator runs on: its store may be shared with other nodes. */
function limiter(name: string, { maxFailures, window }: ThrottleLimit): RateLimiterMemory {
  if (!(Number.isInteger(maxFailures) && maxFailures > 0 && Number.isInteger(window) && window > 0)) {
    throw new ConfigurationError(`throttle.${name} needs positive whole numbers as maxFailures and window.`);
  }
  return new RateLimiterMemory({ keyPrefix: name, points: maxFailures, duration: window / 1000 });
}
