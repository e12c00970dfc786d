import type { RedisScripts } from '../../redis-client/open-client.js';

/**
 * The steps of the protocol in Lua. On one server they run one after the other in one script; in a cluster each runs in
 * the slot of its keys. What they achieve together is told in docs/adapters/redis.md.
 */

/** The first arguments of every script: the time, whether the server's own is to be trusted, whom news are for. */
const HEAD = `
local now, time_from, channel, node = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

-- The server's time tells how long a call was on its way.
local function time_here()
  if time_from == 'clock' then return now end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function is_late(deadline) return time_here() > tonumber(deadline) end

local function tell(id, cause, teller)
  redis.call('PUBLISH', channel, teller .. ' ' .. cause .. ' ' .. id)
end
`;

/**
 * What a bucket knows: of each session its number, the hash of its secret, when it was created and whose it is. The number
 * is text of 13 digits throughout.
 */
const BUCKET = `
local counter, ids, ends, users, pending = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local base = tonumber(ARGV[5])

local function id_of(number) return string.format('%.0f', base + tonumber(number)) end

-- A number follows, and ':' comes right after '9'.
local function owner(user) return #user .. ':' .. user .. ':' end

local function member_of(hash, created, user) return hash .. string.format('%013.0f', created) .. user end

local function entry_of(number)
  local member = redis.call('ZRANGE', ids, number, number, 'BYSCORE')[1]
  if not member then return nil end
  return {
    number = number,
    member = member,
    hash = string.sub(member, 1, 43),
    created = tonumber(string.sub(member, 44, 56)),
    user = string.sub(member, 57),
  }
end

-- The hashes of other secrets that must have ended before this session is what it shall be; nil if it is that already.
local function owed_by(number)
  if not clustered then return nil end
  return redis.call('HGET', pending, number) or nil
end

local function drop(entry)
  redis.call('ZREM', ids, entry.member)
  redis.call('ZREM', ends, entry.number)
  redis.call('ZREM', users, owner(entry.user) .. entry.number)
  if clustered then redis.call('HDEL', pending, entry.number) end
end
`;

/** Drops sessions whose end has come. Those that are pending are left to whoever resolves them. */
const PRUNE = `
local function prune(limit, teller)
  local expired, lapsed = {}, {}
  local due = redis.call('ZRANGE', ends, '-inf', now, 'BYSCORE', 'LIMIT', 0, limit)
  for _, number in ipairs(due) do
    local entry = entry_of(number)
    if not entry then
      redis.call('ZREM', ends, number)
    elseif owed_by(number) then
      lapsed[#lapsed + 1] = number
    else
      drop(entry)
      tell(id_of(number), 'expired', teller)
      expired[#expired + 1] = entry
    end
  end
  return expired, lapsed, #due == limit
end
`;

/** What stands at the hash of a secret: \`id created last_accessed ip_address user\`, or a tombstone, which is one word. */
const SECRET = `
local function ends_at(created, used, idle, absolute) return math.min(created + absolute, used + idle) end

local function put(key, text, lives, keep)
  redis.call('SET', key, text, 'PX', string.format('%.0f', math.max(lives, 0) + keep))
end

local function id_in(text) return text and string.match(text, '^(%d+) ') end

-- For as long as somebody may still want to make it valid, and longer by what a clock may be set back.
local function bury(key, tombstone, deadline)
  put(key, tombstone, tonumber(deadline) - time_here(), 30000)
end

-- By concatenation: the format of %s would end a name at its first NUL.
local function text_of(id, created, used, rest) return id .. string.format(' %.0f %.0f ', created, used) .. rest end

local function use_secret(key, idle, absolute, keep)
  local text = redis.call('GET', key)
  if not id_in(text) then return false end
  local id, created, used, rest = string.match(text, '^(%d+) (%d+) (%d+) (.*)$')
  created, used = tonumber(created), tonumber(used)
  if now >= ends_at(created, used, idle, absolute) then return false end
  used = math.max(used, now)
  text = text_of(id, created, used, rest)
  put(key, text, ends_at(created, used, idle, absolute) - now, keep)
  return text
end
`;

/**
 * Enters a new session, by the limit policy: \`outcome\`, \`number\`, \`created\`, the numbers that were \`evicted\`, and the
 * hashes of secrets that must end before the new one begins.
 */
const ADMIT = `
local user, hash, idle, absolute = ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
local policy, max, keep, lease = ARGV[10], tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
local from, to = '[' .. owner(user), '(' .. owner(user) .. ':'

local function next_number()
  -- No lower than the time: a number is given once, even if the store has lost what it gave last.
  local number = string.format('%.0f', math.max(tonumber(redis.call('GET', counter) or 0) + 1, now))
  redis.call('SET', counter, number, 'PX', string.format('%.0f', absolute + keep))
  return string.format('%013.0f', tonumber(number))
end

local function keep_bucket()
  local least = absolute + keep
  if redis.call('PTTL', ids) > least then return end
  for _, key in ipairs({ ids, ends, users }) do
    redis.call('PEXPIRE', key, string.format('%.0f', 2 * least))
  end
end

local function enter(number, created, owed)
  local ending = clustered and now + lease or math.min(now + idle, created + absolute)
  redis.call('ZADD', ids, number, member_of(hash, created, user))
  redis.call('ZADD', ends, string.format('%.0f', ending), number)
  if clustered then
    redis.call('HSET', pending, number, table.concat(owed))
    redis.call('PEXPIRE', pending, string.format('%.0f', absolute + keep))
  end
  keep_bucket()
end

local function take_over(owed, number)
  local more = owed_by(number) or ''
  for start = 1, #more, 43 do owed[#owed + 1] = string.sub(more, start, start + 42) end
end

-- A client that has lost its connection may ask twice.
local function admitted_before(number, created)
  local owed = {}
  take_over(owed, number)
  return 'created', number, created, {}, owed, {}
end

local function drop_expired_of_user()
  for _, member in ipairs(redis.call('ZRANGE', users, from, to, 'BYLEX')) do
    local number = string.sub(member, -13)
    local entry = entry_of(number)
    if entry and tonumber(redis.call('ZSCORE', ends, number)) <= now and not owed_by(number) then
      drop(entry)
      tell(id_of(number), 'expired', '')
    end
  end
end

local function admit()
  local before = clustered and redis.call('ZSCORE', ids, member_of(hash, now, user))
  if before then return admitted_before(string.format('%013.0f', tonumber(before)), now) end
  local _, lapsed, more_are_due = prune(32, '')
  if more_are_due then drop_expired_of_user() end
  local owed, evicted = {}, {}
  if policy == 'reuse' then
    local latest = redis.call('ZRANGE', users, to, from, 'BYLEX', 'REV', 'LIMIT', 0, 1)[1]
    if latest then
      local entry = entry_of(string.sub(latest, -13))
      if entry.hash == hash then return admitted_before(entry.number, entry.created) end
      owed[1] = entry.hash
      take_over(owed, entry.number)
      redis.call('ZREM', ids, entry.member)
      enter(entry.number, entry.created, owed)
      return 'created', entry.number, entry.created, evicted, owed, lapsed
    end
  elseif policy ~= 'allow' then
    local beyond = redis.call('ZLEXCOUNT', users, from, to) - max + 1
    if beyond > 0 and policy == 'refuse' then return 'limitReached', '', 0, evicted, owed, lapsed end
    if beyond > 0 then
      for _, member in ipairs(redis.call('ZRANGE', users, from, to, 'BYLEX', 'LIMIT', 0, beyond)) do
        local entry = entry_of(string.sub(member, -13))
        owed[#owed + 1] = entry.hash
        take_over(owed, entry.number)
        drop(entry)
        evicted[#evicted + 1] = entry.number
      end
    end
  end
  local number = next_number()
  redis.call('ZADD', users, 0, owner(user) .. number)
  enter(number, now, owed)
  return 'created', number, now, evicted, owed, lapsed
end
`;

/** Marks a session as used in its bucket, which never believes it to end before it does. @returns the hash of its secret */
const TOUCH = `
local function touch(number, idle, absolute)
  local entry = entry_of(number)
  if not entry then return nil end
  if not owed_by(number) then
    if tonumber(redis.call('ZSCORE', ends, number)) <= now then return nil end
    redis.call('ZADD', ends, 'XX', string.format('%.0f', math.min(now + idle, entry.created + absolute)), number)
  end
  return entry.hash
end
`;

/** The sessions of a user after a number, with the hashes of their secrets. */
const OF_USER = `
local user, after = ARGV[6], ARGV[7]
local listed = {}
local range = { '(' .. owner(user) .. after, '(' .. owner(user) .. ':' }
for _, member in ipairs(redis.call('ZRANGE', users, range[1], range[2], 'BYLEX', 'LIMIT', 0, ARGV[8])) do
  local entry = entry_of(string.sub(member, -13))
  listed[#listed + 1] = { entry.number, entry.hash }
end
return listed
`;

/** Of a bucket there are five keys, of a secret there is one. */
const KEYS_OF = { bucket: 5, secret: 1 };

const ON_ONE_SERVER = 'local clustered = false';
const IN_A_CLUSTER = 'local clustered = true';

const SWEEP = `
local expired, lapsed = prune(tonumber(ARGV[6]), node)
for i, entry in ipairs(expired) do expired[i] = entry.hash end
return { expired, lapsed }
`;

const TIME = script(KEYS_OF.secret, HEAD, 'return time_here()');

/** Where everything is on one server: an operation is one script, and one round trip. */
export const SERVER_SCRIPTS: RedisScripts = {
  sessionInitTime: TIME,
  sessionInitOfUser: script(KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, OF_USER),
  sessionInitSweep: script(KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, PRUNE, SWEEP),
  sessionInitCreate: script(
    ...[KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, PRUNE, SECRET, ADMIT],
    `
local deadline, secrets, ip_address = ARGV[14], ARGV[15], ARGV[16]
if is_late(deadline) or redis.call('EXISTS', secrets .. hash) == 1 then return { 'late' } end
local outcome, number, created, evicted, owed = admit()
if outcome ~= 'created' then return { outcome } end
for _, other in ipairs(owed) do redis.call('DEL', secrets .. other) end
for i, other in ipairs(evicted) do
  evicted[i] = id_of(other)
  tell(evicted[i], 'evicted', node)
end
local text = text_of(id_of(number), created, now, ip_address .. ' ' .. user)
put(secrets .. hash, text, ends_at(created, now, idle, absolute) - now, keep)
return { outcome, text, evicted }
`,
  ),
  // A creation whose answer was lost: what it made ends, and if it is still to come, it comes too late.
  sessionInitAbandon: script(
    ...[KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, SECRET],
    `
local hash, secrets, deadline = ARGV[6], ARGV[7], ARGV[8]
local id = id_in(redis.call('GET', secrets .. hash))
local entry = id and entry_of(string.format('%013.0f', tonumber(id) - base))
if entry and entry.hash == hash then drop(entry) end
bury(secrets .. hash, 'abandoned', deadline)
`,
  ),
  sessionInitRefresh: script(
    ...[KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, SECRET, TOUCH],
    `
local idle, absolute = tonumber(ARGV[7]), tonumber(ARGV[8])
local hash = touch(ARGV[6], idle, absolute)
return hash and use_secret(ARGV[10] .. hash, idle, absolute, tonumber(ARGV[9]))
`,
  ),
  sessionInitRemove: script(
    ...[KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET],
    `
local entry = entry_of(ARGV[6])
if not entry then return 0 end
redis.call('DEL', ARGV[7] .. entry.hash)
drop(entry)
tell(id_of(entry.number), 'removed', node)
return 1
`,
  ),
};

/** In a cluster: each is one step of an operation, in one slot. */
export const CLUSTER_SCRIPTS: RedisScripts = {
  sessionInitTime: TIME,
  sessionInitOfUser: script(KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET, OF_USER),
  sessionInitSweep: script(KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET, PRUNE, SWEEP),
  sessionInitAdmit: script(
    ...[KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET, PRUNE, ADMIT],
    `
if is_late(ARGV[14]) then return { 'late' } end
local outcome, number, created, evicted, owed, lapsed = admit()
for i, other in ipairs(evicted) do evicted[i] = id_of(other) end
return { outcome, number, string.format('%.0f', created), evicted, owed, lapsed, time_here() + lease }
`,
  ),
  // What a session is made of, and until when it may be made valid.
  sessionInitLocate: script(
    ...[KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET],
    `
local entry = entry_of(ARGV[6])
if not entry then return false end
local owed = owed_by(entry.number)
return { entry.hash, owed and 'pending' or 'settled', owed or '', time_here() + tonumber(ARGV[7]) }
`,
  ),
  sessionInitTouch: script(
    ...[KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET, TOUCH],
    'return touch(ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])) or false',
  ),
  // Secrets have ended that a session owed. If it still has the secret that was made valid then, it is what it shall be.
  sessionInitSettle: script(
    ...[KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET],
    `
local entry = entry_of(ARGV[6])
local owed = entry and owed_by(entry.number)
if not owed then return 0 end
if entry.hash == ARGV[7] then
  redis.call('HDEL', pending, entry.number)
  redis.call('ZADD', ends, ARGV[8], entry.number)
  return 1
end
local left = ''
for start = 1, #owed, 43 do
  local hash = string.sub(owed, start, start + 42)
  if not string.find(ARGV[9], hash, 1, true) then left = left .. hash end
end
redis.call('HSET', pending, entry.number, left)
return 0
`,
  ),
  sessionInitDrop: script(
    ...[KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET],
    `
local entry = entry_of(ARGV[6])
if not entry or entry.hash ~= ARGV[7] then return 0 end
drop(entry)
return 1
`,
  ),
  sessionInitActivate: script(
    ...[KEYS_OF.secret, HEAD, SECRET],
    `
local deadline, id, created, rest = ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]
local idle, absolute, keep = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local held = redis.call('GET', KEYS[1])
if held then return held end
if is_late(deadline) then return 'late' end
local text = text_of(id, created, now, rest)
put(KEYS[1], text, ends_at(created, now, idle, absolute) - now, keep)
return text
`,
  ),
  sessionInitUse: script(
    ...[KEYS_OF.secret, HEAD, SECRET],
    'return use_secret(KEYS[1], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))',
  ),
  // Ends a secret for good, and tells of its session, unless that goes on under another secret.
  sessionInitEnd: script(
    ...[KEYS_OF.secret, HEAD, SECRET],
    `
local id = id_in(redis.call('GET', KEYS[1]))
bury(KEYS[1], 'ended', ARGV[5])
if id and id ~= ARGV[7] then tell(id, ARGV[6], node) end
`,
  ),
  // Says what became of a secret. If it was not made valid until now, it never will be.
  sessionInitFence: script(
    ...[KEYS_OF.secret, HEAD, SECRET],
    `
local held = redis.call('GET', KEYS[1])
if held then return held end
bury(KEYS[1], 'abandoned', ARGV[5])
return 'abandoned'
`,
  ),
};

function script(numberOfKeys: number, ...parts: string[]): { lua: string; numberOfKeys: number } {
  return { lua: parts.join('\n'), numberOfKeys };
}
