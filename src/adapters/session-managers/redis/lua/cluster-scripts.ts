import type { RedisScripts } from '../../../redis-client/open-client.js';
import { ADMISSION, ADMIT, BUCKET, HEAD, NEXT_NUMBER, OF_USER, PRUNE, SECRET, SWEEP, TOUCH } from './parts.js';
import { KEYS_OF, script } from './script.js';
import { TIME } from './time-script.js';

const IN_A_CLUSTER = 'local clustered, pruned = true, 32';

/** In a cluster: each is one step of an operation, in one slot. */
export const CLUSTER_SCRIPTS: RedisScripts = {
  sessionInitTime: TIME,
  sessionInitOfUser: script(KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET, OF_USER),
  sessionInitSweep: script(KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET, PRUNE, SWEEP),
  sessionInitAdmit: script(
    ...[KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET, PRUNE, ADMISSION, NEXT_NUMBER, ADMIT],
    `
if is_late(ARGV[14]) then return { 'late' } end
local outcome, number, created, evicted, owed, lapsed = admit()
for i, other in ipairs(evicted) do evicted[i] = id_of(other) end
return { outcome, number, string.format('%.0f', created), evicted, owed, lapsed, time_here() + lease }
`,
  ),
  // What a session is made of, and until when its secret may still be made valid. One that is about to end is pending from
  // then on, so that it is seen to if nobody comes back to drop it.
  sessionInitLocate: script(
    ...[KEYS_OF.bucket, IN_A_CLUSTER, HEAD, BUCKET],
    `
local entry = entry_of(ARGV[6])
if not entry then return false end
local owed = owed_by(entry.number)
if not owed and ARGV[8] == 'ending' then make_pending(entry.number, {}, tonumber(ARGV[7])) end
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
