import type { RedisScripts } from '../../../redis-client/open-client.js';
import { ADMISSION, admit, NEXT_NUMBER } from './admission.js';
import { BUCKET, BURY, CALL, ENDS, OF_USER, PRUNE, SECRET, SWEEP, TOUCH, USE } from './parts.js';
import { type ScriptSettings, script, scriptEvenIfFull, settings } from './script.js';
import { TIME } from './time-script.js';

/** On one server it is enough to know what the names of a bucket's keys begin with. */
const ON_ONE_SERVER = `
local clustered, thorough, pruned, bucket = false, false, 32, KEYS[1]
local counter, ids, ends = bucket .. 'counter', bucket .. 'ids', bucket .. 'ends'
`;

/** Where everything is on one server: an operation is one script, and one round trip. */
export function serverScripts(same: ScriptSettings): RedisScripts {
  const call = [settings(same), ON_ONE_SERVER, CALL];
  const start = [...call, ENDS, BUCKET];
  return {
    sessionInitTime: TIME,
    sessionInitOfUser: script(1, ...start, OF_USER),
    sessionInitSweep: script(1, ...start, PRUNE, SWEEP),
    sessionInitCreate: script(
      ...[1, ...call, ADMISSION, IN_TIME],
      ...[admit({ nextNumber: NEXT_NUMBER, claim: CLAIM }), CREATED],
    ),
    sessionInitAbandon: scriptEvenIfFull(1, ...start, SECRET, BURY, ABANDON),
    sessionInitRefresh: scriptEvenIfFull(1, ...start, SECRET, TOUCH, USE, REFRESH),
    sessionInitRemove: scriptEvenIfFull(1, ...start, REMOVE),
  };
}

const IN_TIME = `
if time_here() > deadline then return 'late' end
local text
`;

/**
 * The secret is made valid at once, unless a tombstone stands there. What stands at the hash of a fresh one is given: it is
 * made anew only where the session is not quite what was expected.
 */
const CLAIM = `
local life = created == ARGV[1] and fresh or ends_at(created, now) - now + keep
text = ARGV[8]
if number ~= ARGV[1] or created ~= ARGV[1] then
  text = string.format('%.0f', ARGV[3] + number) .. ' ' .. created .. string.match(text, '^%S+ %S+(.*)$')
end
if not redis.call('SET', secrets .. hash, text, 'NX', 'PX', life) then outcome = 'late' end
`;

const CREATED = `
if outcome ~= 'created' then return outcome end
if text == ARGV[8] and #owed == 0 then return 'asExpected' end
for _, other in ipairs(owed) do redis.call('DEL', secrets .. other) end
for i, other in ipairs(evicted) do
  evicted[i] = id_of(other)
  tell(evicted[i], 'evicted', node)
end
return { text, evicted }
`;

/** A creation whose answer was lost: what it made ends, and if it is still to come, it comes too late. */
const ABANDON = `
local hash, deadline = ARGV[4], ARGV[5]
local id = id_in(redis.call('GET', secrets .. hash))
local entry = id and entry_of(string.format('%.0f', id - ARGV[3]))
if entry and entry.hash == hash then drop(entry) end
bury(secrets .. hash, 'abandoned', deadline)
`;

const REFRESH = `
local hash = touch(ARGV[4])
return hash and use_secret(secrets .. hash)
`;

const REMOVE = `
local entry = entry_of(ARGV[4])
if not entry then return 0 end
redis.call('DEL', secrets .. entry.hash)
drop(entry)
tell(id_of(entry.number), 'removed', node)
return 1
`;
