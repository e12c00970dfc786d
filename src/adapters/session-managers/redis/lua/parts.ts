/**
 * The steps of the protocol in Lua. On one server they run one after the other in one script; in a cluster each runs in
 * the slot of its keys. What they achieve together is told in docs/adapters/redis.md.
 */

/**
 * The first arguments of every script, the time and who it is that need not be told; and the names of functions that are
 * made where they are needed: to make one costs half as much as a small command.
 */
export const CALL = `
local now, node = tonumber(ARGV[1]), ARGV[2]
local ends_at, tell, id_of, entry_of, owed_by, make_pending, drop, prune

-- The server's time tells how long a call was on its way.
local function time_here()
  if time_from == 'clock' then return now end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

export const ENDS = `
function ends_at(created, used) return math.min(created + absolute, used + idle) end

function tell(id, cause, teller)
  redis.call('PUBLISH', channel, teller .. ' ' .. cause .. ' ' .. id)
end
`;

/** The name of the sorted set of the sessions of a user. */
export const setOf = (user: string) => `bucket .. 'user:' .. ${user}`;

/** What stands in the sorted set of the sessions of a bucket. */
export const memberOf = (hash: string, created: string, user: string) => `${hash} .. ${created} .. ' ' .. ${user}`;

/**
 * What a bucket knows: of each session its number, the hash of its secret, when it was created and whose it is. A number and
 * the time of a creation are text throughout: to make text of a number costs as much as a small command.
 */
export const BUCKET = `
function id_of(number) return string.format('%.0f', ARGV[3] + number) end

function entry_of(number)
  local member = redis.call('ZRANGE', ids, number, number, 'BYSCORE')[1]
  if not member then return nil end
  local space = string.find(member, ' ', 44, true)
  return {
    number = number,
    member = member,
    hash = string.sub(member, 1, 43),
    created = string.sub(member, 44, space - 1),
    user = string.sub(member, space + 1),
  }
end

-- The hashes of other secrets that must have ended before this session is what it shall be, and whether it shall be gone
-- ('-') rather than there ('+'); nil if it is what it shall be already.
function owed_by(number)
  local state = clustered and redis.call('HGET', pending, number)
  if not state then return nil end
  return string.sub(state, 2), string.sub(state, 1, 1)
end

function make_pending(number, owed, aim)
  redis.call('ZADD', ends, now + lease, number)
  redis.call('HSET', pending, number, aim .. owed)
  -- It lasts as long as the bucket's list of sessions does.
  redis.call('PEXPIRE', pending, math.max(redis.call('PTTL', ids), 1))
end

function drop(entry)
  redis.call('ZREM', ids, entry.member)
  redis.call('ZREM', ends, entry.number)
  if not clustered then return redis.call('ZREM', ${setOf('entry.user')}, entry.number) end
  redis.call('HDEL', pending, entry.number)
  -- While a slot moves, the sessions of a user may be elsewhere. What stays in there is left out by that user's next admission.
  redis.pcall('ZREM', ${setOf('entry.user')}, entry.number)
end
`;

/** Drops sessions whose end has come. Those that are pending are left to whoever resolves them. */
export const PRUNE = `
function prune(limit, teller)
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

/** What stands at the hash of a secret: `id created last_accessed ip_address user`, or a tombstone, which is one word. */
export const SECRET = `
local function id_in(text) return text and string.match(text, '^(%d+) ') end

-- By concatenation: the format of %s would end a name at its first NUL.
local function text_of(id, created, used, rest) return id .. ' ' .. created .. ' ' .. used .. ' ' .. rest end

local function life_of(created, used) return ends_at(created, used) - now + keep end
`;

/** Puts a tombstone for as long as somebody may still want to make a secret valid, and longer by what a clock may be set back. */
export const BURY = `
local function bury(key, tombstone, deadline)
  redis.call('SET', key, tombstone, 'PX', math.max(deadline - time_here(), 0) + 30000)
end
`;

/** Marks a session as used. @returns its text */
export const USE = `
local function use_secret(key)
  local text = redis.call('GET', key)
  if not id_in(text) then return false end
  local id, created, used, rest = string.match(text, '^(%d+) (%d+) (%d+) (.*)$')
  if now >= ends_at(created, used) then return false end
  if now > tonumber(used) then used = ARGV[1] end
  text = text_of(id, created, used, rest)
  redis.call('SET', key, text, 'PX', life_of(created, used))
  return text
end
`;

/** Marks a session as used in its bucket, which never believes it to end before it does. @returns the hash of its secret */
export const TOUCH = `
local function touch(number)
  local entry = entry_of(number)
  if not entry then return nil end
  if not owed_by(number) then
    if tonumber(redis.call('ZSCORE', ends, number)) <= now then return nil end
    redis.call('ZADD', ends, 'XX', ends_at(entry.created, now), number)
  end
  return entry.hash
end
`;

/** The sessions of a user after a number, with the hashes of their secrets. */
export const OF_USER = `
local user, after = ARGV[4], ARGV[5]
local listed = {}
for _, number in ipairs(redis.call('ZRANGE', ${setOf('user')}, '(' .. after, '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[6])) do
  local entry = entry_of(number)
  listed[#listed + 1] = { number, entry and entry.hash or '' }
end
return listed
`;

/** Clears away what has expired. @returns the hashes of their secrets, and the numbers of what was left half-made */
export const SWEEP = `
local expired, lapsed = prune(tonumber(ARGV[4]), node)
for i, entry in ipairs(expired) do expired[i] = entry.hash end
return { expired, lapsed }
`;
