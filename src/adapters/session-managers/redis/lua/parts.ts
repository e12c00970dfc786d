/**
 * The steps of the protocol in Lua. On one server they run one after the other in one script; in a cluster each runs in
 * the slot of its keys. What they achieve together is told in docs/adapters/redis.md.
 */

/** The first arguments of every script: the time, and who it is that need not be told. */
export const HEAD = `
local now, node = tonumber(ARGV[1]), ARGV[2]

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
export const BUCKET = `
local base = tonumber(ARGV[3])

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

local function make_pending(number, owed)
  redis.call('ZADD', ends, string.format('%.0f', now + lease), number)
  redis.call('HSET', pending, number, table.concat(owed))
  -- It lasts as long as the bucket's list of sessions does.
  redis.call('PEXPIRE', pending, math.max(redis.call('PTTL', ids), 1))
end

local function drop(entry)
  redis.call('ZREM', ids, entry.member)
  redis.call('ZREM', ends, entry.number)
  redis.call('ZREM', users, owner(entry.user) .. entry.number)
  if clustered then redis.call('HDEL', pending, entry.number) end
end
`;

/** Drops sessions whose end has come. Those that are pending are left to whoever resolves them. */
export const PRUNE = `
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
export const SECRET = `
local function ends_at(created, used) return math.min(created + absolute, used + idle) end

local function put(key, text, lives)
  redis.call('SET', key, text, 'PX', string.format('%.0f', lives))
end

local function id_in(text) return text and string.match(text, '^(%d+) ') end

-- For as long as somebody may still want to make it valid, and longer by what a clock may be set back.
local function bury(key, tombstone, deadline)
  put(key, tombstone, math.max(tonumber(deadline) - time_here(), 0) + 30000)
end

-- By concatenation: the format of %s would end a name at its first NUL.
local function text_of(id, created, used, rest) return id .. string.format(' %.0f %.0f ', created, used) .. rest end

local function use_secret(key)
  local text = redis.call('GET', key)
  if not id_in(text) then return false end
  local id, created, used, rest = string.match(text, '^(%d+) (%d+) (%d+) (.*)$')
  created, used = tonumber(created), tonumber(used)
  if now >= ends_at(created, used) then return false end
  used = math.max(used, now)
  text = text_of(id, created, used, rest)
  put(key, text, ends_at(created, used) - now + keep)
  return text
end
`;

/** What an admission is asked for. */
export const ADMISSION = `
local user, hash = ARGV[4], ARGV[5]
local from, to = '[' .. owner(user), '(' .. owner(user) .. ':'
`;

/** The numbers of a bucket, in the order in which they are given. */
export const NEXT_NUMBER = `
local function next_number()
  -- No lower than the time: a number is given once, even if the store has lost what it gave last.
  local number = string.format('%.0f', math.max(tonumber(redis.call('GET', counter) or 0) + 1, now))
  redis.call('SET', counter, number, 'PX', string.format('%.0f', absolute + keep))
  return string.format('%013.0f', tonumber(number))
end
`;

/**
 * Enters a new session, by the limit policy: \`outcome\`, \`number\`, \`created\`, the numbers that were \`evicted\`, and the
 * hashes of secrets that must end before the new one begins.
 */
export const ADMIT = `
local function keep_bucket()
  local least = absolute + keep
  if redis.call('PTTL', ids) > least then return end
  for _, key in ipairs({ ids, ends, users }) do
    redis.call('PEXPIRE', key, string.format('%.0f', 2 * least))
  end
end

local function enter(number, created, owed)
  redis.call('ZADD', ids, number, member_of(hash, created, user))
  redis.call('ZADD', ends, string.format('%.0f', math.min(now + idle, created + absolute)), number)
  keep_bucket()
  if clustered then make_pending(number, owed) end
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
  local _, lapsed, more_are_due = prune(pruned, '')
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
export const TOUCH = `
local function touch(number)
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
export const OF_USER = `
local user, after = ARGV[4], ARGV[5]
local listed = {}
local range = { '(' .. owner(user) .. after, '(' .. owner(user) .. ':' }
for _, member in ipairs(redis.call('ZRANGE', users, range[1], range[2], 'BYLEX', 'LIMIT', 0, ARGV[6])) do
  local entry = entry_of(string.sub(member, -13))
  listed[#listed + 1] = { entry.number, entry.hash }
end
return listed
`;

/** Clears away what has expired. @returns the hashes of their secrets, and the numbers of what was left half-made */
export const SWEEP = `
local expired, lapsed = prune(tonumber(ARGV[4]), node)
for i, entry in ipairs(expired) do expired[i] = entry.hash end
return { expired, lapsed }
`;
