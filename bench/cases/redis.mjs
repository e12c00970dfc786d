import { redisSessionManager } from '../../dist/adapters/session-managers/redis.js';
import { Secret } from '../../dist/index.js';
import { redisSessionsByHand } from '../by-hand/redis-sessions.mjs';
import { startRedis } from '../support/redis.mjs';
import { sessionWorkloads } from '../support/session-workloads.mjs';

export const variants = ['bare', 'session-init'];
export const unit = 'us';

/** Sessions created and found in Redis, by the session manager and by `ioredis` alone. */
export async function createVariant(variant, { milliseconds }) {
  const url = await startRedis();
  const sessions =
    variant === 'bare' ? redisSessionsByHand(url) : withManager(redisSessionManager({ url, timeout: 60_000 }));
  const creations = { 'a session created, 100 for a user': sessions.create };
  return { workloads: await sessionWorkloads(milliseconds, creations, sessions.find) };
}

function withManager(manager) {
  const { signal } = new AbortController();
  return {
    async create(user) {
      const { session } = await manager.create({ user, ipAddress: '127.0.0.1' }, { signal });
      return { user: session.user, secret: session.session_secret.reveal() };
    },
    find: (secret) => manager.findBySecret(new Secret(secret)),
  };
}
