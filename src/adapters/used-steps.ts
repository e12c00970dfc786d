import type { CallOptions } from './ports.js';

/** Remembers which one-time codes were used, so that none opens two sessions (RFC 6238 §5.2). */
export interface UsedSteps {
  /**
   * Takes a time step for one secret. Of all calls with the same `key` and `step`, on all nodes and however many come at
   * once, one gets true: in Redis that is `SET key:step 1 NX PX …`, in SQL an `INSERT` of a primary key.
   *
   * @param key - stands for the secret of a user, which cannot be found from it: 32 hex characters
   * @param step - the number of the period since 1970
   * @param expiresAt - from when on the step would not be accepted anyway, in milliseconds since the epoch
   * @returns whether it had not been taken
   */
  claim(key: string, step: number, expiresAt: number, options: CallOptions): Promise<boolean>;
  /** Called when the authenticator is closed. */
  close?(): Promise<void>;
}

/** For so many milliseconds longer a step is remembered, since a node whose clock is behind accepts it for longer. */
export const CLOCKS_APART = 300_000;
