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
