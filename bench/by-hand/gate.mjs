import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Refusal } from './refusal.mjs';

const HOUR = 3600;

/** Bounds how many attempts are under way, and the failed ones of each account and of each address, as the throttle does. */
export function createGate(maxInFlight) {
  const accounts = new RateLimiterMemory({ keyPrefix: 'account', points: 50, duration: HOUR });
  const addresses = new RateLimiterMemory({ keyPrefix: 'address', points: 200, duration: HOUR });
  let inFlight = 0;

  async function take(limiter, key, code) {
    try {
      await limiter.consume(key);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      throw new Refusal('refused', 'OTHER', code, { retryAfter: Math.ceil(error.msBeforeNext / 1000) });
    }
  }

  return {
    async enter(username, ipAddress) {
      if (inFlight >= maxInFlight) throw new Refusal('refused', 'OTHER', 'overloaded', { retryAfter: 1 });
      inFlight++;
      try {
        await take(accounts, username, 'locked');
        await take(addresses, ipAddress, 'throttled');
      } catch (error) {
        inFlight--;
        throw error;
      }
    },

    /** Only a denial leaves its points where they are, and a success clears those of the account. */
    async leave(username, ipAddress, state) {
      inFlight--;
      if (state === 'authenticationDenied') return;
      if (state === 'authorized') await accounts.delete(username);
      else await accounts.reward(username);
      await addresses.reward(ipAddress);
    },
  };
}
