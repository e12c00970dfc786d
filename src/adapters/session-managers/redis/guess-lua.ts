import type { RedisScripts } from '../../redis-client/open-client.js';

/**
 * What both scripts go by. The three keys are in one slot: a count is a hash with the `failures`, the time `until` which they
 * count, and under the id of each place the time at which it is free by itself; `known` is a sorted set of the addresses that
 * the account was used from, by the time of the latest use.
 */
const HEAD = `
local others, at_known, known = KEYS[1], KEYS[2], KEYS[3]
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function whole(number) return string.format('%.0f', number) end

local function keep(key, milliseconds)
  redis.call('PEXPIRE', key, whole(math.max(redis.call('PTTL', key), milliseconds)))
end

local function forget(key) redis.call('HDEL', key, 'failures', 'until') end

local function failures_of(key)
  local found = redis.call('HMGET', key, 'failures', 'until')
  local failures, ends = tonumber(found[1]) or 0, tonumber(found[2]) or 0
  if failures > 0 and ends <= now then
    forget(key)
    failures = 0
  end
  return failures, ends
end
`;

/** The places of nodes that have died are looked for only where there would be no other. */
const RESERVE = `
local from, known_for = ARGV[2], tonumber(ARGV[3])
local id, lease, limit, limit_at_known = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local function taken_in(key, failures)
  return redis.call('HLEN', key) - (failures > 0 and 2 or 0)
end

local function free_places_of_the_dead(key)
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    local field = fields[i]
    if field ~= 'failures' and field ~= 'until' and tonumber(fields[i + 1]) <= now then redis.call('HDEL', key, field) end
  end
end

local key, is_known = others, 0
if limit_at_known > 0 and tonumber(redis.call('ZSCORE', known, from) or 0) > now - known_for then
  key, is_known, limit = at_known, 1, limit_at_known
end
local failures, ends = failures_of(key)
if failures >= limit then return { 'locked', is_known, ends - now } end
if failures + taken_in(key, failures) >= limit then
  free_places_of_the_dead(key)
  -- Where a cluster has lost an answer it is asked again: the place is there then.
  local is_there = redis.call('HEXISTS', key, id) == 1
  if failures + taken_in(key, failures) >= limit and not is_there then return { 'busy', is_known } end
end
redis.call('HSET', key, id, whole(now + lease))
keep(key, lease)
return { 'reserved', is_known, now + lease }
`;

const SETTLE = `
local from, known_for = ARGV[2], tonumber(ARGV[3])
local id, lease_ends, is_known, verdict = ARGV[4], tonumber(ARGV[5]), ARGV[6], ARGV[7]
local window, clears, most_known = tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10])
local key = is_known == '1' and at_known or others

-- What is there no more, though its time has not come, was settled before.
if redis.call('HDEL', key, id) == 0 and now < lease_ends then return 0 end
if verdict == 'denied' then
  if failures_of(key) == 0 then redis.call('HSET', key, 'until', whole(now + window)) end
  redis.call('HINCRBY', key, 'failures', 1)
  keep(key, tonumber(redis.call('HGET', key, 'until')) - now)
elseif verdict == 'succeeded' then
  if clears == '1' then forget(key) end
  if most_known > 0 then
    redis.call('ZADD', known, whole(now), from)
    redis.call('ZREMRANGEBYRANK', known, 0, -1 - most_known)
    redis.call('PEXPIRE', known, whole(known_for))
  end
end
return 1
`;

export const GUESS_SCRIPTS = {
  sessionInitReserve: { numberOfKeys: 3, lua: HEAD + RESERVE },
  sessionInitSettle: { numberOfKeys: 3, lua: HEAD + SETTLE },
} satisfies RedisScripts;
