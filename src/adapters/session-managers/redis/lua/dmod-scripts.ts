import type { RedisScripts } from '../../../redis-client/open-client.js';
import { ADMISSION, admit } from './admission.js';
import { BUCKET, CALL, ENDS, PRUNE, setOf } from './parts.js';
import { type ScriptSettings, script, settings } from './script.js';
import { TIME } from './time-script.js';

/** The bucket of which all sessions are, whose counter is DMOD's own, and two hashes of DMOD. */
const KEYS = 5;

/** One bucket with all sessions, and what DMOD keeps of them. */
const RECORDS = `
-- Whose sessions have expired is seen to when that user comes again, or by a sweep.
local clustered, thorough, pruned = false, true, 0
local counter, ids, ends, by_secret, by_user = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local bucket = string.sub(ids, 1, -4)
${CALL}

local function record_key(id) return 'session:' .. id end

local function record_of(id)
  local fields = redis.call('HMGET', record_key(id), 'ip_address', 'user', 'created', 'last_accessed', 'secret')
  if not fields[2] then return nil end
  return { id, fields[1], fields[2], fields[3], fields[4], secret = fields[5] }
end

local function forget_secret(record)
  if record.secret and redis.call('HGET', by_secret, record.secret) == record[1] then
    redis.call('HDEL', by_secret, record.secret)
  end
end

local function latest_of(user)
  local number = redis.call('ZRANGE', ${setOf('user')}, -1, -1)[1]
  return number and id_of(number)
end

-- Of a user DMOD knows the latest session only.
local function forget_record(record)
  local id, user = record[1], record[3]
  forget_secret(record)
  redis.call('DEL', record_key(id))
  if redis.call('HGET', by_user, user) ~= id then return end
  local latest = latest_of(user)
  if latest then redis.call('HSET', by_user, user, latest) else redis.call('HDEL', by_user, user) end
end
`;

/** Who drops a session drops what DMOD keeps of it. */
const DROP = `
local drop_entry = drop
drop = function(entry)
  drop_entry(entry)
  entry.record = record_of(id_of(entry.number))
  if entry.record then forget_record(entry.record) end
end
`;

/** As DMOD does: what is there is the id to give, and one that somebody has entered by hand is left out. */
const NEXT_ID = `
local id = tonumber(redis.call('GET', counter) or 1)
while redis.call('EXISTS', record_key(string.format('%.0f', id))) == 1 do id = id + 1 end
redis.call('SET', counter, string.format('%.0f', id + 1))
number = string.format('%.0f', id)
`;

/** The keys of DMOD, on one server: an operation is one script, so none is half done, and no two get one id. */
export function dmodScripts(same: ScriptSettings): RedisScripts {
  const call = [settings(same), RECORDS];
  const start = [...call, ENDS, BUCKET, DROP];
  return {
    sessionInitTime: TIME,
    sessionInitCreate: script(
      ...[KEYS, ...call, ADMISSION],
      `
local secret, ip_address, time = ARGV[8], ARGV[9], ARGV[10]
if time_here() > deadline or redis.call('HEXISTS', by_secret, secret) == 1 then return { 'late' } end
${admit({ nextNumber: NEXT_ID, tools: DROP })}
if outcome ~= 'created' then return { outcome } end
for i, other in ipairs(evicted) do
  evicted[i] = id_of(other)
  tell(evicted[i], 'evicted', node)
end
local id = id_of(number)
local before = record_of(id)
if before then forget_secret(before) end
redis.call('HSETNX', record_key(id), 'created', time)
redis.call('HSET', record_key(id), 'ip_address', ip_address, 'secret', secret, 'user', user, 'last_accessed', time)
redis.call('HSET', by_secret, secret, id)
redis.call('HSET', by_user, user, id)
return { outcome, record_of(id), evicted }
`,
    ),
    sessionInitAbandon: script(
      ...[KEYS, ...start],
      `
local id = redis.call('HGET', by_secret, ARGV[4])
local entry = id and entry_of(id)
if entry then drop(entry) end
`,
    ),
    sessionInitFindBySecret: script(
      ...[KEYS, ...start],
      `
local id = redis.call('HGET', by_secret, ARGV[4])
local record = id and record_of(id)
return record and record.secret == ARGV[4] and record or false
`,
    ),
    sessionInitFindById: script(KEYS, ...start, 'return record_of(ARGV[4]) or false'),
    // DMOD may have created it, or used it: then the bucket knows nothing of it, or believes it to end too early.
    sessionInitRefresh: script(
      ...[KEYS, ...start],
      `
local id, time = ARGV[4], ARGV[6]
local record = record_of(id)
if not record then return false end
if entry_of(id) then redis.call('ZADD', ends, 'XX', ARGV[5], id) end
if record[5] and record[5] < time then redis.call('HSET', record_key(id), 'last_accessed', time) end
return record_of(id)
`,
    ),
    sessionInitRemove: script(
      ...[KEYS, ...start],
      `
local entry = entry_of(ARGV[4])
local record = record_of(ARGV[4])
if entry then drop(entry) elseif record then forget_record(record) else return 0 end
tell(ARGV[4], 'removed', node)
return 1
`,
    ),
    sessionInitOfUser: script(
      ...[KEYS, ...start],
      `
local user, after, listed = ARGV[4], ARGV[5], {}
for i, id in ipairs(redis.call('ZRANGE', ${setOf('user')}, '(' .. after, '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[6])) do
  listed[i] = record_of(id) or { id }
end
return listed
`,
    ),
    sessionInitOfAll: script(
      ...[KEYS, ...start],
      `
local found, listed = redis.call('ZRANGE', ids, '(' .. ARGV[4], '+inf', 'BYSCORE', 'LIMIT', 0, ARGV[5], 'WITHSCORES'), {}
for i = 2, #found, 2 do
  local id = string.format('%.0f', tonumber(found[i]))
  listed[i / 2] = record_of(id) or { id }
end
return listed
`,
    ),
    sessionInitSweep: script(
      ...[KEYS, ...start, PRUNE],
      `
local expired = prune(tonumber(ARGV[4]), node)
local records = {}
for _, entry in ipairs(expired) do records[#records + 1] = entry.record end
return records
`,
    ),
  };
}
