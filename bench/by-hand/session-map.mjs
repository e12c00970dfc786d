import { hash } from 'node:crypto';

const IDLE_TIMEOUT = 30 * 60_000;
const ABSOLUTE_LIFETIME = 24 * 60 * 60_000;

/** Sessions in a bare Map by the SHA-256 of their secret, with both time-outs held on every look-up. */
export function sessionMapByHand() {
  const sessions = new Map();
  return {
    add(secret, session) {
      sessions.set(hash('sha256', secret), session);
    },
    find(secret) {
      const session = sessions.get(hash('sha256', secret));
      if (session === undefined) return undefined;
      const now = Date.now();
      const isLive = now < session.lastAccessed + IDLE_TIMEOUT && now < session.created + ABSOLUTE_LIFETIME;
      return isLive ? session : undefined;
    },
  };
}
