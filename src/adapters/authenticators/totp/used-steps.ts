import type { Clock } from '../../../model/clock.js';
import type { CallOptions } from '../../ports.js';

/** Remembers which codes were used, so that none opens two sessions (RFC 6238 §5.2). */
export interface UsedSteps {
  /**
   * Takes a time step for one secret. Of all calls with the same `key` and `step`, on all nodes and however many come at
   * once, one gets true: in Redis that is `SET key:step 1 NX PXAT expiresAt`, in SQL an `INSERT` of a primary key.
   *
   * @param key - stands for the secret of a user, which cannot be found from it: 32 hex characters
   * @param step - the number of the period since 1970
   * @param expiresAt - from when on the step would not be accepted anyway, in milliseconds since the epoch
   * @returns whether it had not been taken
   */
  claim(key: string, step: number, expiresAt: number, options: CallOptions): Promise<boolean>;
}

/** Keeps the steps in memory: enough for one process. There are as many as codes that were right and have not expired. */
export function usedStepsInMemory(clock: Clock): UsedSteps {
  const expiries = new Map<string, number>();
  return {
    async claim(key, step, expiresAt) {
      const now = clock.now();
      for (const [taken, expiry] of expiries) {
        if (expiry > now) break;
        expiries.delete(taken);
      }
      const wanted = `${key}:${step}`;
      if (expiries.has(wanted)) return false;
      expiries.set(wanted, expiresAt);
      return true;
    },
  };
}
