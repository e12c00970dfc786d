import type { Clock } from '../../../model/clock.js';
import type { UsedSteps } from '../../used-steps.js';

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
