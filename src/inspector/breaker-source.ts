import type { Clock } from '../index.js';
import type { BreakerSummary } from './protocol.js';
import { shortened } from './shortened.js';

const MAX_BREAKERS = 100;

/** A circuit breaker has changed: what `resilient()` of `session-init/adapters/resilience` tells. */
export interface BreakerChange {
  backend: string;
  state: BreakerSummary['state'];
  /** When it opens: the code of the last failure. */
  cause?: string;
}

/** Keeps how the circuit breakers before backends stand. One that has never changed is not known. */
export class BreakerSource {
  readonly #clock: Clock;
  readonly #breakers = new Map<string, BreakerSummary>();
  #hasChanged = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add({ backend, state, cause }: BreakerChange): void {
    const before = this.#breakers.get(backend);
    if (before === undefined && this.#breakers.size === MAX_BREAKERS) return;
    const opened = (before?.opened ?? 0) + (state === 'open' ? 1 : 0);
    const summary: BreakerSummary = { backend: shortened(backend), state, since: this.#clock.now(), opened };
    const why = cause ?? before?.cause;
    if (why !== undefined) summary.cause = shortened(why);
    this.#breakers.set(backend, summary);
    this.#hasChanged = true;
  }

  /** All that is known; undefined if nothing is. */
  all(): readonly BreakerSummary[] | undefined {
    return this.#breakers.size === 0 ? undefined : [...this.#breakers.values()];
  }

  /** The same, if anything has changed since the last call. */
  take(): readonly BreakerSummary[] | undefined {
    if (!this.#hasChanged) return undefined;
    this.#hasChanged = false;
    return this.all();
  }
}
