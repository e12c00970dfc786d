import type { Authenticator, Authorizer, CallOptions } from '../ports.js';
import { readAuthentication, readAuthorization } from '../read-outcome.js';
import { callGuard } from './call-guard.js';
import { checkResilienceOptions, type ResilienceOptions } from './resilience-options.js';

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
      ...(backend.isSecondFactor && { isSecondFactor: true }),
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
