import type { Clock } from '../../model/clock.js';
import type { Authenticator, Authorizer, CallOptions } from '../ports.js';
import { readAuthentication, readAuthorization } from '../read-outcome.js';
import type { BreakerChange, BreakerOptions } from './breaker-options.js';
import { callGuard } from './call-guard.js';
import { checkResilienceOptions } from './check-options.js';

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
  /** Milliseconds before the first of them, more or less; later ones wait twice as long each. @defaultValue 100 */
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

/** A backend that is kept from harming others. Closing it closes the backend. */
export type Resilient<Port> = Port & {
  /**
   * Loads cockatiel now, rather than with the first call, so that a service learns of it at its start.
   *
   * @throws MissingPackageError if it is not installed
   */
  open(): Promise<void>;
  close(): Promise<void>;
};

/**
 * Keeps a backend that is slow or down from taking others with it: a deadline for each call, a bound on how many are under
 * way, and a circuit breaker that answers in its place, at once, until it is well again. On request, calls that did not
 * reach it are made once more.
 *
 * What it answers is passed on as it is, its denials, too. What it throws, garbage and time-outs are failures; an overload
 * is none, and neither is a call that was given up. While the breaker is open, a call rejects with a `BackendFaultError`.
 *
 * @throws ConfigurationError with every problem
 *
 * @example
 * ```ts
 * import type { Authenticator } from 'session-init';
 * import { resilient } from 'session-init/adapters/resilience';
 *
 * declare const directory: Authenticator;
 * const authenticator = resilient(directory, {
 *   deadline: 1_500,
 *   breaker: { failures: 3, openFor: 5_000 },
 *   onStateChange: ({ backend, state, cause }) => console.log(`${backend}: ${state} ${cause ?? ''}`),
 * });
 * ```
 */
export function resilient(backend: Authenticator, options?: ResilienceOptions): Resilient<Authenticator>;
export function resilient(backend: Authorizer, options?: ResilienceOptions): Resilient<Authorizer>;
export function resilient(
  backend: Authenticator | Authorizer,
  options: ResilienceOptions = {},
): Resilient<Authenticator> | Resilient<Authorizer> {
  checkResilienceOptions(backend, options);
  const { name } = backend;
  const guard = callGuard(name, options);
  let closing: Promise<void> | undefined;
  const common = {
    name,
    open: guard.open,
    ...(backend.probe && { probe: (callOptions: CallOptions) => backend.probe?.(callOptions) as Promise<void> }),
    close() {
      guard.close();
      closing ??= (async () => backend.close?.())();
      return closing;
    },
  };
  if ('authenticate' in backend) {
    return {
      ...common,
      authenticate: (credentials, callOptions) =>
        guard.call(async (own) => readAuthentication(name, await backend.authenticate(credentials, own)), callOptions),
    };
  }
  return {
    ...common,
    authorize: (request, callOptions) =>
      guard.call(async (own) => readAuthorization(name, await backend.authorize(request, own)), callOptions),
  };
}
