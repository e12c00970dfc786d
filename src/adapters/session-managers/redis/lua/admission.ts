import { BUCKET, ENDS, memberOf, PRUNE, setOf } from './parts.js';

/** How a layout admits sessions. All are Lua. */
export interface Admitting {
  /** Sets `number`, and `previous` to the number that was given before, if that is known. */
  nextNumber: string;
  /** Sets `outcome` to `'late'` if a session with that number and secret may not be any more. */
  claim?: string;
  /** What else there must be to drop a session. */
  tools?: string;
}

/** What an admission is asked for. */
export const ADMISSION = `
local user, hash, deadline = ARGV[4], ARGV[5], tonumber(ARGV[7])
`;

/** The numbers of a bucket, in the order in which they are given. */
export const NEXT_NUMBER = `
-- No lower than the time: a number is given once, even if the store has lost what it gave last.
number, previous = ARGV[1], redis.call('SET', counter, ARGV[1], 'GET', 'PX', for_longest)
previous = previous and tonumber(previous)
if previous and previous >= now then
  number = string.format('%.0f', previous + 1)
  redis.call('SET', counter, number, 'PX', for_longest)
end
`;

/**
 * Enters a new session, by the limit policy. It sets `outcome`, `number`, `created`, `evicted` (numbers), `owed` (hashes of
 * secrets that must end before the new one begins) and `lapsed` (numbers of what was left half-made).
 *
 * Where nothing stands in the way of a new session, it runs from the top to the bottom without a function, for Lua takes
 * longer to make one than Redis to run some commands.
 */
export function admit({ nextNumber, claim = '', tools = '' }: Admitting): string {
  return `
local outcome, number, created, evicted, owed, lapsed = 'created', nil, ARGV[1], {}, {}, {}
local previous, replaced, is_known, take_over, leaving
local mine, beyond = ${setOf('user')}, 0

local others = policy == 'allow' and 0 or redis.call('ZCARD', mine)
-- Whose sessions have expired is seen to before any is refused or evicted, and now and then.
if thorough or now % 16 == 0 or others >= max or (policy == 'reuse' and others > 0) then
  ${ENDS}
  ${BUCKET}
  ${PRUNE}
  ${tools}
  ${CHOOSE}
end

if outcome == 'created' and not is_known then
  if not number then ${nextNumber} end
  ${claim}
end

if outcome == 'created' and not is_known then
  -- The keys of a bucket outlive the sessions that are entered now. To say so once in the time that the longest one lives is
  -- enough, unless one is made anew.
  local keep = redis.call('ZCARD', ids) == 0
    or not previous or math.floor(previous / longest) ~= math.floor(now / longest)
  -- First what is new, so that no set is empty in between: an empty one is gone, with the time that it was to last, and where
  -- its slot is about to move, the script ends when it asks for it again. That of the user alone may be empty by now.
  redis.call('ZADD', mine, number, number)
  redis.call('PEXPIRE', mine, for_longest)
  redis.call('ZADD', ids, number, ${memberOf('hash', 'created', 'user')})
  redis.call('ZADD', ends, replaced and ends_at(created, now) or ARGV[6], number)
  if keep then
    redis.call('PEXPIRE', ids, for_a_bucket)
    redis.call('PEXPIRE', ends, for_a_bucket)
  end
  if replaced then redis.call('ZREM', ids, replaced) end
  if beyond > 0 then
    leaving = redis.call('ZRANGE', mine, 0, beyond - 1)
    for i, other in ipairs(leaving) do
      leaving[i] = entry_of(other)
      owed[#owed + 1] = leaving[i].hash
      take_over(other)
    end
  end
  if clustered then make_pending(number, table.concat(owed), '+') end
  if leaving then
    for i, entry in ipairs(leaving) do
      drop(entry)
      evicted[i] = entry.number
    end
  end
end
`;
}

/** What a new session has to do with those that are there. */
const CHOOSE = `
function take_over(number)
  local more = owed_by(number) or ''
  for start = 1, #more, 43 do owed[#owed + 1] = string.sub(more, start, start + 42) end
end

-- Leaves those of the user out that are over, or not there.
local function drop_dead()
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

-- A client that has lost its connection may ask twice.
number = clustered and redis.call('ZSCORE', ids, ${memberOf('hash', 'ARGV[1]', 'user')}) or nil
if number then
  is_known = true
  take_over(number)
else
  local first = redis.call('ZRANGE', ends, '0', '0', 'WITHSCORES')
  local more_are_due = false
  if first[1] and tonumber(first[2]) <= now then
    local _
    _, lapsed, more_are_due = prune(pruned, '')
  end
  if more_are_due or (clustered and policy ~= 'allow') then drop_dead() end

  if policy == 'reuse' then
    number = redis.call('ZRANGE', mine, -1, -1)[1]
    if number then
      local entry = entry_of(number)
      created = entry.created
      if clustered and entry.hash == hash then
        is_known, lapsed = true, {}
      else
        owed[1], replaced = entry.hash, entry.member
      end
      take_over(number)
    end
  elseif policy ~= 'allow' then
    beyond = redis.call('ZCARD', mine) - max + 1
    if beyond > 0 and policy == 'refuse' then outcome = 'limitReached' end
  end
end
`;
