import { redisSessionManager } from '../../dist/adapters/session-managers/redis.js';
import { Secret } from '../../dist/index.js';
import { redisSessionsByHand } from '../by-hand/redis-sessions.mjs';
import { timed } from '../harness/timed.mjs';
import { startRedis } from '../support/redis.mjs';

export const variants = ['bare', 'session-init'];
export const unit = 'us';

const USERS = 2_000;
const SESSIONS = 2_000;
const AT_ONCE = [1, 64, 512];

/** Sessions created and found in Redis, by the session manager and by `ioredis` alone. */
export async function createVariant(variant, { milliseconds }) {
  const url = await startRedis();
  const sessions =
    variant === 'bare' ? redisSessionsByHand(url) : withManager(redisSessionManager({ url, timeout: 60_000 }));
  const secrets = [];
  // Of users who do not come again: theirs are not evicted.
  for (let i = 0; i < SESSIONS; i++) secrets.push((await sessions.create(`user-to-find-${i}`)).secret);
  let next = 0;
  const asks = {
    'a session created, 100 for a user': () => sessions.create(`user-${next++ % USERS}`),
    'a session found by its secret': () => sessions.find(secrets[next++ % SESSIONS]),
  };
  const workloads = {};
  for (const [name, ask] of Object.entries(asks)) {
    for (const calls of AT_ONCE) {
      workloads[`${name}, ${calls === 1 ? 'one by one' : `${calls} at once`}`] = () =>
        timed(milliseconds, async () => {
          const found = await Promise.all(Array.from({ length: calls }, ask));
          if (found.some((session) => !session?.user.startsWith('user-'))) throw new Error('No session has come.');
          return calls;
        });
    }
  }
  return { workloads };
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
