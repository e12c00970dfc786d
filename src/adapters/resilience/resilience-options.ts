import type { Clock } from '../../model/clock.js';
import { unknownOptions } from '../../model/known-options.js';
import { isFunction, rejectProblems, whole } from './option-problems.js';

/** When a circuit breaker opens, and for how long. Either `failures`, or `failureRate` and `outOf`. */
export interface BreakerOptions {
  /** It opens after so many failures one after the other, without an answer between them. @defaultValue 5 */
  failures?: number;
  /** It opens when more than this share of the last calls failed: above 0, below 1. */
  failureRate?: number;
  /** Of how many calls `failureRate` is a share; before so many, it does not open. @defaultValue 20 */
  outOf?: number;
  /** Milliseconds for which nobody is asked. Then one call tries: its answer closes the breaker. @defaultValue 10000 */
  openFor?: number;
}

/** A circuit breaker has changed. */
export interface BreakerChange {
  /** The name of the backend. */
  backend: string;
  /** `open`: it is not asked. `halfOpen`: one call tries it. `closed`: it is asked. */
  state: 'open' | 'halfOpen' | 'closed';
  /** When it opens: the code of the last failure, such as `deadline_exceeded`. */
  cause?: string;
}

/** Options of {@link resilient}. */
export interface ResilienceOptions {
  /**
   * Milliseconds that one call may take. It must be shorter than the deadline of the phase, or that ends the calls, and a
   * call that was given up counts for nothing.
   *
   * @defaultValue 4000
   */
  deadline?: number;
  /** When nobody is asked any more; `false` for never. @defaultValue after 5 failures in a row, for 10 s */
  breaker?: BreakerOptions | false;
  /** How many calls may be under way at once. @defaultValue 64 */
  maxConcurrent?: number;
  /** How many more may wait for their turn, before the init is refused as `overloaded`. @defaultValue 256 */
  maxQueued?: number;
  /**
   * How often a call that failed is made once more, if `retryWhen` allows it. A denial, a time-out and an overload are never
   * retried.
   *
   * @defaultValue 0
   */
  retries?: number;
  /** Milliseconds before the first of them, more or less; later ones wait longer and longer. @defaultValue 100 */
  retryDelay?: number;
  /**
   * Whether a call that failed so can be made once more without a guess being counted twice.
   *
   * @defaultValue {@link neverReached}
   */
  retryWhen?: (error: unknown) => boolean;
  /** Is told of each change of the breaker. What it throws is ignored. */
  onStateChange?: (change: BreakerChange) => void;
  /** @defaultValue the system's clock */
  clock?: Clock;
}

const KNOWN = ['deadline', 'breaker', 'maxConcurrent', 'maxQueued', 'retries', 'retryDelay', 'retryWhen'];
const KNOWN_OF_BREAKER = ['failures', 'failureRate', 'outOf', 'openFor'];

/** @throws ConfigurationError with every problem */
export function checkResilienceOptions(backend: object, options: ResilienceOptions): void {
  const isPort = ['authenticate', 'authorize'].some((method) => isFunction(backend, method));
  const { deadline, breaker, maxConcurrent, maxQueued, retries, retryDelay } = options;
  rejectProblems('resilient', [
    isPort ? '' : 'resilient needs an authenticator or an authorizer.',
    ...unknownOptions('resilient', options, [...KNOWN, 'onStateChange', 'clock']),
    whole('deadline', deadline, 1),
    whole('maxConcurrent', maxConcurrent, 1),
    whole('maxQueued', maxQueued, 0),
    whole('retries', retries, 0),
    whole('retryDelay', retryDelay, 0),
    ...(breaker ? breakerProblems(breaker) : []),
  ]);
}

function breakerProblems(breaker: BreakerOptions): string[] {
  const { failures, failureRate, outOf, openFor } = breaker;
  const isShare = failureRate === undefined || (failureRate > 0 && failureRate < 1);
  return [
    ...unknownOptions('breaker', breaker, KNOWN_OF_BREAKER),
    whole('breaker.failures', failures, 1),
    whole('breaker.outOf', outOf, 1, 10_000),
    whole('breaker.openFor', openFor, 1),
    isShare ? '' : 'breaker.failureRate is above 0 and below 1.',
    failures !== undefined && failureRate !== undefined ? 'breaker has either failures or failureRate.' : '',
    outOf !== undefined && failureRate === undefined ? 'breaker.outOf goes with failureRate.' : '',
  ];
}
