import type { RedisScripts } from '../../../redis-client/open-client.js';
import { ADMISSION, ADMIT, BUCKET, HEAD, NEXT_NUMBER, OF_USER, PRUNE, SECRET, SWEEP, TOUCH } from './parts.js';
import { type ScriptSettings, script, scriptEvenIfFull, settings } from './script.js';
import { TIME } from './time-script.js';

/** Every key is given, so that one is missed while its slot moves. */
const IN_A_CLUSTER = `
local clustered, pruned = true, 32
local counter, ids, ends, users, pending = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
`;

/** In a cluster: each is one step of an operation, in one slot. */
export function clusterScripts(same: ScriptSettings): RedisScripts {
  const bucket = [settings(same), IN_A_CLUSTER, HEAD, BUCKET];
  const secret = [settings(same), HEAD, SECRET];
  return {
    sessionInitTime: TIME,
    sessionInitOfUser: script(5, ...bucket, OF_USER),
    sessionInitSweep: script(5, ...bucket, PRUNE, SWEEP),
    sessionInitAdmit: script(
      ...[5, ...bucket, PRUNE, ADMISSION, NEXT_NUMBER, ADMIT],
      `
if is_late(ARGV[6]) then return { 'late' } end
local outcome, number, created, evicted, owed, lapsed = admit()
for i, other in ipairs(evicted) do evicted[i] = id_of(other) end
return { outcome, number, string.format('%.0f', created), evicted, owed, lapsed, time_here() + lease }
`,
    ),
    // What a session is made of, and until when its secret may still be made valid. One that is about to end is pending from
    // then on, so that it is seen to if nobody comes back to drop it.
    sessionInitLocate: scriptEvenIfFull(
      ...[5, ...bucket],
      `
local entry = entry_of(ARGV[4])
if not entry then return false end
local owed = owed_by(entry.number)
if not owed and ARGV[5] == 'ending' then make_pending(entry.number, {}) end
return { entry.hash, owed and 'pending' or 'settled', owed or '', time_here() + lease }
`,
    ),
    sessionInitTouch: scriptEvenIfFull(...[5, ...bucket, TOUCH], 'return touch(ARGV[4]) or false'),
    // Secrets have ended that a session owed. If it still has the secret that was made valid then, it is what it shall be.
    sessionInitSettle: scriptEvenIfFull(
      ...[5, ...bucket],
      `
local entry = entry_of(ARGV[4])
local owed = entry and owed_by(entry.number)
if not owed then return 0 end
if entry.hash == ARGV[5] then
  redis.call('HDEL', pending, entry.number)
  redis.call('ZADD', ends, ARGV[6], entry.number)
  return 1
end
local left = ''
for start = 1, #owed, 43 do
  local hash = string.sub(owed, start, start + 42)
  if not string.find(ARGV[7], hash, 1, true) then left = left .. hash end
end
redis.call('HSET', pending, entry.number, left)
return 0
`,
    ),
    sessionInitDrop: scriptEvenIfFull(
      ...[5, ...bucket],
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
local deadline, id, created, rest = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local held = redis.call('GET', KEYS[1])
if held then return held end
if is_late(deadline) then return 'late' end
local text = text_of(id, created, now, rest)
put(KEYS[1], text, ends_at(created, now) - now + keep)
return text
`,
    ),
    sessionInitUse: scriptEvenIfFull(...[1, ...secret], 'return use_secret(KEYS[1])'),
    // Ends a secret for good, and tells of its session, unless that goes on under another secret.
    sessionInitEnd: scriptEvenIfFull(
      ...[1, ...secret],
      `
local id = id_in(redis.call('GET', KEYS[1]))
bury(KEYS[1], 'ended', ARGV[3])
if id and id ~= ARGV[5] then tell(id, ARGV[4], node) end
`,
    ),
    // Says what became of a secret. If it was not made valid until now, it never will be.
    sessionInitFence: scriptEvenIfFull(
      ...[1, ...secret],
      `
local held = redis.call('GET', KEYS[1])
if held then return held end
bury(KEYS[1], 'abandoned', ARGV[3])
return 'abandoned'
`,
    ),
  };
}
