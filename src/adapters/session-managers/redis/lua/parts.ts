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

local function ends_at(created, used) return math.min(created + absolute, used + idle) end

local function tell(id, cause, teller)
  redis.call('PUBLISH', channel, teller .. ' ' .. cause .. ' ' .. id)
end
`;

/**
 * What a bucket knows: of each session its number, the hash of its secret, when it was created and whose it is. A number and
 * the time of a creation are text throughout: to make text of a number costs as much as a small command.
 */
export const BUCKET = `
local base = tonumber(ARGV[3])

local function id_of(number) return string.format('%.0f', base + number) end

-- The sessions of one user.
local function set_of(user) return bucket .. 'user:' .. user end

local function member_of(hash, created, user) return hash .. created .. ' ' .. user end

local function entry_of(number)
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
local function owed_by(number)
  local state = clustered and redis.call('HGET', pending, number)
  if not state then return nil end
  return string.sub(state, 2), string.sub(state, 1, 1)
end

local function make_pending(number, owed, aim)
  redis.call('ZADD', ends, now + lease, number)
  redis.call('HSET', pending, number, aim .. owed)
  -- It lasts as long as the bucket's list of sessions does.
  redis.call('PEXPIRE', pending, math.max(redis.call('PTTL', ids), 1))
end

local function drop(entry)
  redis.call('ZREM', ids, entry.member)
  redis.call('ZREM', ends, entry.number)
  if not clustered then return redis.call('ZREM', set_of(entry.user), entry.number) end
  redis.call('HDEL', pending, entry.number)
  -- While a slot moves, the sessions of a user may be elsewhere. What stays in there is left out by that user's next admission.
  redis.pcall('ZREM', set_of(entry.user), entry.number)
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

/** What an admission is asked for, and the number that was given before. */
export const ADMISSION = `
local user, hash, deadline = ARGV[4], ARGV[5], tonumber(ARGV[7])
local previous
`;

/** The numbers of a bucket, in the order in which they are given. */
export const NEXT_NUMBER = `
local function next_number()
  -- No lower than the time: a number is given once, even if the store has lost what it gave last.
  previous = tonumber(redis.call('SET', counter, ARGV[1], 'GET', 'PX', longest) or nil)
  if not previous or previous < now then return ARGV[1] end
  local number = string.format('%.0f', previous + 1)
  redis.call('SET', counter, number, 'PX', longest)
  return number
end
`;

/**
 * Enters a new session, by the limit policy: \`outcome\`, \`number\`, \`created\`, the numbers that were \`evicted\`, the
 * hashes of secrets that must end before the new one begins, and the numbers of what was left half-made. \`claim\` says
 * whether it may be.
 */
export const ADMIT = `
-- All keys of a bucket outlive the sessions that are entered now. To say so once in the time that the longest one lives is enough.
local function keep_bucket(is_empty)
  if not is_empty and previous and math.floor(previous / longest) == math.floor(now / longest) then return end
  redis.call('PEXPIRE', ids, 3 * longest)
  redis.call('PEXPIRE', ends, 3 * longest)
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

-- Leaves those of a user out that are over, or not there.
local function drop_dead(mine)
  local numbers = redis.call('ZRANGE', mine, 0, -1)
  for start = 1, #numbers, 1000 do
    local last = math.min(start + 999, #numbers)
    for i, score in ipairs(redis.call('ZMSCORE', ends, unpack(numbers, start, last))) do
      local number = numbers[start + i - 1]
      if not score then
        redis.call('ZREM', mine, number)
      elseif tonumber(score) <= now and not owed_by(number) then
        drop(entry_of(number))
        tell(id_of(number), 'expired', '')
      end
    end
  end
end

local function admit()
  local before = clustered and redis.call('ZSCORE', ids, member_of(hash, ARGV[1], user))
  if before then return admitted_before(before, ARGV[1]) end

  local mine, owed, evicted, lapsed = set_of(user), {}, {}, {}
  local first = redis.call('ZRANGE', ends, '0', '0', 'WITHSCORES')
  local is_due, more_are_due = first[1] and tonumber(first[2]) <= now, false
  local may_be_empty = is_due or not first[1]
  if is_due then
    local _
    _, lapsed, more_are_due = prune(pruned, '')
  end
  if more_are_due or (clustered and policy ~= 'allow') then drop_dead(mine) end

  local number, created, replaced, beyond = nil, ARGV[1], nil, 0
  if policy == 'reuse' then
    number = redis.call('ZRANGE', mine, -1, -1)[1]
    if number then
      local entry = entry_of(number)
      if clustered and entry.hash == hash then return admitted_before(number, entry.created) end
      owed[1], created, replaced = entry.hash, entry.created, entry.member
      take_over(owed, number)
    end
  elseif policy ~= 'allow' then
    beyond = redis.call('ZCARD', mine) - max + 1
    if beyond > 0 and policy == 'refuse' then return 'limitReached', '', '', evicted, owed, lapsed end
  end
  number = number or next_number()
  if not claim(number, created) then return 'late' end

  -- First what is new, so that no set is empty in between: an empty one is gone, with the time that it was to last.
  redis.call('ZADD', ids, number, member_of(hash, created, user))
  redis.call('ZADD', ends, replaced and ends_at(created, now) or ARGV[6], number)
  redis.call('ZADD', mine, number, number)
  redis.call('PEXPIRE', mine, longest)
  keep_bucket(may_be_empty)
  if replaced then redis.call('ZREM', ids, replaced) end
  if beyond > 0 then
    for _, other in ipairs(redis.call('ZRANGE', mine, 0, beyond - 1)) do
      local entry = entry_of(other)
      owed[#owed + 1] = entry.hash
      take_over(owed, other)
      drop(entry)
      evicted[#evicted + 1] = other
    end
  end
  if clustered then make_pending(number, table.concat(owed), '+') end
  return 'created', number, created, evicted, owed, lapsed
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
for _, number in ipairs(redis.call('ZRANGE', set_of(user), '(' .. after, '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[6])) do
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
