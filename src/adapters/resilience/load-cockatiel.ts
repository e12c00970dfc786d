import { MissingPackageError } from '../../model/errors.js';

/** The package, as far as it is used here. */
export type Cockatiel = Pick<
  typeof import('cockatiel'),
  'circuitBreaker' | 'handleWhen' | 'CircuitState' | 'ConsecutiveBreaker' | 'CountBreaker' | 'ExponentialBackoff'
>;

/** Loads the package that has the breaker and the backoff. Nothing is cached here, so a failure is not either. */
export async function loadCockatiel(): Promise<Cockatiel> {
  try {
    return await import('cockatiel');
  } catch (cause) {
    throw new MissingPackageError('cockatiel', 'resilient() with a breaker or retries', { cause });
  }
}
