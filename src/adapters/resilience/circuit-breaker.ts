import type { Clock } from '../../model/clock.js';
import { BackendFaultError, SessionInitError } from '../../model/errors.js';
import type { Cockatiel } from './load-cockatiel.js';
import type { BreakerChange, BreakerOptions } from './resilience-options.js';

/** Stands before a backend, and keeps everybody away from one that has failed too often. */
export interface CircuitBreaker {
  /** Whether a call would be refused now. */
  readonly isOpen: boolean;
  /** @throws BackendFaultError if nobody is asked now */
  check(): void;
  /**
   * Makes the call, unless nobody is asked now.
   *
   * @param call - told whether it is the one call that tries a backend which is believed to be down
   * @param counts - whether what was thrown is a failure of the backend. Of the call that tries, all is.
   */
  run<Result>(call: (isTrial: boolean) => Promise<Result>, counts: (error: unknown) => boolean): Promise<Result>;
}

/** What a {@link circuitBreaker} needs beside its options. */
export interface CircuitBreakerSurroundings {
  readonly backend: string;
  readonly clock: Clock;
  readonly onStateChange: (change: BreakerChange) => void;
}

/** What cockatiel is to count. It wraps what was thrown, so that whether it counts is decided where it happens. */
class CountedFailure extends Error {
  override readonly name = 'CountedFailure';
}

/**
 * The breaker of cockatiel, which counts and keeps the state, with three things done otherwise. It tells the time by
 * `Date.now()`, which jumps and which no test can move: so how long it stays open is told to it as over or never over, by
 * our clock. While one call tries, it holds all others back until that is over: so they are refused before they get to
 * it. And it takes an error that does not count for a success of the call that tries: so of that call, every error counts.
 */
export function circuitBreaker(
  cockatiel: Cockatiel,
  { failures = 5, failureRate, outOf = 20, openFor = 10_000 }: BreakerOptions,
  { backend, clock, onStateChange }: CircuitBreakerSurroundings,
): CircuitBreaker {
  const { CircuitState, ConsecutiveBreaker, CountBreaker } = cockatiel;
  let triedAgainAt = 0;
  let lastFailure = '';
  /** A call that began before the breaker changed tells nothing of the backend as it is now. */
  let era = 0;

  const untilTried = {
    get duration() {
      return clock.monotonic() < triedAgainAt ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    },
    next() {
      triedAgainAt = clock.monotonic() + openFor;
      return untilTried;
    },
  };
  const policy = cockatiel.circuitBreaker(
    cockatiel.handleWhen((error) => error instanceof CountedFailure),
    {
      halfOpenAfter: untilTried,
      breaker:
        failureRate === undefined
          ? new ConsecutiveBreaker(failures)
          : new CountBreaker({ threshold: failureRate, size: outOf }),
    },
  );
  policy.onStateChange((state) => {
    era++;
    if (state === CircuitState.Open) onStateChange({ backend, state: 'open', cause: lastFailure });
    else onStateChange({ backend, state: state === CircuitState.HalfOpen ? 'halfOpen' : 'closed' });
  });

  const isOpen = () =>
    policy.state === CircuitState.HalfOpen || (policy.state === CircuitState.Open && clock.monotonic() < triedAgainAt);

  function check(): void {
    if (!isOpen()) return;
    const next =
      policy.state === CircuitState.HalfOpen
        ? 'One call tries it just now.'
        : `One call tries it in ${Math.ceil((triedAgainAt - clock.monotonic()) / 1000)} s.`;
    throw new BackendFaultError(`${backend} is not asked: its circuit breaker is open (${lastFailure}). ${next}`);
  }

  return {
    get isOpen() {
      return isOpen();
    },
    check,
    async run(call, counts) {
      check();
      const isTrial = policy.state === CircuitState.Open;
      const begun = era;
      try {
        return await policy.execute(async () => {
          try {
            return await call(isTrial);
          } catch (error) {
            if (!isTrial && (era !== begun || !counts(error))) throw error;
            lastFailure = error instanceof SessionInitError ? error.code : 'backend_fault';
            throw new CountedFailure('', { cause: error });
          }
        });
      } catch (error) {
        throw error instanceof CountedFailure ? error.cause : error;
      }
    },
  };
}
