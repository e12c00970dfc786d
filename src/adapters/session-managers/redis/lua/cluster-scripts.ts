import type { RedisScripts } from '../../../redis-client/open-client.js';
import { ADMISSION, admit, NEXT_NUMBER } from './admission.js';
import { BUCKET, BURY, CALL, ENDS, OF_USER, PRUNE, SECRET, SWEEP, TOUCH, USE } from './parts.js';
import { type ScriptSettings, script, scriptEvenIfFull, settings } from './script.js';
import { TIME } from './time-script.js';

/** The keys are given, that of the user, too, whose sessions it is about: so one is missed while its slot moves. */
const IN_A_CLUSTER = `
local clustered, thorough, pruned = true, true, 32
local counter, ids, ends, pending = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local bucket = string.sub(ids, 1, -4)
`;

/** In a cluster: each is one step of an operation, in one slot. */
export function clusterScripts(same: ScriptSettings): RedisScripts {
  const bucket = [settings(same), IN_A_CLUSTER, CALL, ENDS, BUCKET];
  const secret = [settings(same), CALL, ENDS, SECRET];
  return {
    sessionInitTime: TIME,
    sessionInitOfUser: script(5, ...bucket, OF_USER),
    sessionInitSweep: script(4, ...bucket, PRUNE, SWEEP),
    sessionInitAdmit: script(
      ...[5, settings(same), IN_A_CLUSTER, CALL, ADMISSION],
      `
if time_here() > deadline then return { 'late' } end
${admit({ nextNumber: NEXT_NUMBER })}
for i, other in ipairs(evicted) do evicted[i] = id_of(other) end
return { outcome, number or '', created, evicted, owed, lapsed, time_here() + lease }
`,
    ),
    // What a session is made of, what it shall be, and until when its secret may still be made valid. What is decided to end
    // is pending until it is gone, so that it is seen to if nobody comes back to drop it.
    sessionInitLocate: scriptEvenIfFull(
      ...[4, ...bucket],
      `
local entry = entry_of(ARGV[4])
if not entry then return false end
local owed, aim = owed_by(entry.number)
local shall_end = ARGV[5] == 'ending' and (not ARGV[6] or ARGV[6] == entry.hash)
if shall_end and aim ~= '-' then
  aim = '-'
  make_pending(entry.number, owed or '', aim)
end
return { entry.hash, aim or '', owed or '', time_here() + lease }
`,
    ),
    sessionInitTouch: scriptEvenIfFull(...[4, ...bucket, TOUCH], 'return touch(ARGV[4]) or false'),
    // Secrets have ended that a session owed. If it still has the secret that was made valid then, it is what it shall be.
    sessionInitSettle: scriptEvenIfFull(
      ...[4, ...bucket],
      `
local entry = entry_of(ARGV[4])
if not entry then return 0 end
local owed, aim = owed_by(entry.number)
if aim ~= '+' then return 0 end
if entry.hash == ARGV[5] then
  redis.call('HDEL', pending, entry.number)
  -- Where a slot moves, this has waited: by the time here the session may have been used since it was sent.
  local used = tonumber(ARGV[7]) or math.max(now, time_here())
  redis.call('ZADD', ends, ends_at(entry.created, used), entry.number)
  return 1
end
local left = ''
for start = 1, #owed, 43 do
  local hash = string.sub(owed, start, start + 42)
  if not string.find(ARGV[6], hash, 1, true) then left = left .. hash end
end
redis.call('HSET', pending, entry.number, aim .. left)
return 0
`,
    ),
    sessionInitDrop: scriptEvenIfFull(
      ...[4, ...bucket],
      `
local entry = entry_of(ARGV[4])
if not entry or entry.hash ~= ARGV[5] then return 0 end
drop(entry)
return 1
`,
    ),
    sessionInitActivate: script(
      ...[1, ...secret],
      `
local deadline, id, created, rest = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local held = redis.call('GET', KEYS[1])
if held then return held end
if time_here() > tonumber(deadline) then return 'late' end
local text = text_of(id, created, ARGV[1], rest)
redis.call('SET', KEYS[1], text, 'PX', life_of(created, now))
return text
`,
    ),
    sessionInitUse: scriptEvenIfFull(...[1, ...secret, USE], 'return use_secret(KEYS[1])'),
    // Ends a secret for good, and tells of its session, unless that goes on under another secret.
    sessionInitEnd: scriptEvenIfFull(
      ...[1, ...secret, BURY],
      `
local id = id_in(redis.call('GET', KEYS[1]))
bury(KEYS[1], 'ended', ARGV[3])
if id and id ~= ARGV[5] then tell(id, ARGV[4], node) end
`,
    ),
    // Says what became of a secret. If it was not made valid until now, it never will be.
    sessionInitFence: scriptEvenIfFull(
      ...[1, ...secret, BURY],
      `
local held = redis.call('GET', KEYS[1])
if held then return held end
bury(KEYS[1], 'abandoned', ARGV[3])
return 'abandoned'
`,
    ),
  };
}
