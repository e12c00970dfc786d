import { hash, randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';

const IDLE_TIMEOUT = 30 * 60_000;
const ABSOLUTE_LIFETIME = 24 * 60 * 60_000;
const MAX_SESSIONS_PER_USER = 100;

/**
 * A limit cannot be held without a script. It has the fewest commands that hold one, and find a session by id, by user, and
 * when its time is over: whoever is connected by it must be told.
 */
const CREATE = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
local beyond = redis.call('ZCARD', KEYS[1]) - ARGV[2] + 1
if beyond > 0 then
  for _, other in ipairs(redis.call('ZRANGE', KEYS[1], 0, beyond - 1)) do
    redis.call('DEL', 'by-hand:secret:' .. other)
    redis.call('ZREM', KEYS[4], other)
    redis.call('PUBLISH', 'by-hand:ended', other)
  end
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, beyond - 1)
end
local id = redis.call('INCR', KEYS[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
redis.call('ZADD', KEYS[4], ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('SET', KEYS[3], id .. ' ' .. ARGV[6], 'PX', ARGV[5])
redis.call('SET', 'by-hand:id:' .. id, ARGV[4], 'PX', ARGV[5])
return id
`;

/** Sessions with `ioredis` alone: one script for a creation, one GET for a look-up. */
export function redisSessionsByHand(url) {
  const redis = new Redis(url, { scripts: { create: { lua: CREATE, numberOfKeys: 4 } } });

  return {
    async create(user) {
      const secret = randomBytes(32).toString('hex');
      const hashed = hash('sha256', secret, 'hex');
      const now = Date.now();
      const id = await redis.create(
        `by-hand:user:${user}`,
        'by-hand:last-id',
        `by-hand:secret:${hashed}`,
        'by-hand:ends',
        ...[now, MAX_SESSIONS_PER_USER, now + IDLE_TIMEOUT, hashed, IDLE_TIMEOUT],
        `${now} ${now} 127.0.0.1 ${user}`,
      );
      return { id, user, secret };
    },
    async find(secret) {
      const text = await redis.get(`by-hand:secret:${hash('sha256', secret, 'hex')}`);
      if (text === null) return undefined;
      const [id, created, lastAccessed, ipAddress, ...user] = text.split(' ');
      const now = Date.now();
      if (now >= Number(created) + ABSOLUTE_LIFETIME || now >= Number(lastAccessed) + IDLE_TIMEOUT) return undefined;
      return { id: Number(id), created, lastAccessed, ipAddress, user: user.join(' ') };
    },
  };
}
