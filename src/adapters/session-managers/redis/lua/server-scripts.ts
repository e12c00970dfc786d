import type { RedisScripts } from '../../../redis-client/open-client.js';
import {
  ADMISSION,
  ADMIT,
  BUCKET,
  BURY,
  HEAD,
  NEXT_NUMBER,
  OF_USER,
  PRUNE,
  SECRET,
  SWEEP,
  TOUCH,
  USE,
} from './parts.js';
import { type ScriptSettings, script, scriptEvenIfFull, settings } from './script.js';
import { TIME } from './time-script.js';

/** On one server it is enough to know what the names of a bucket's keys begin with. */
const ON_ONE_SERVER = `
local clustered, pruned, bucket = false, 32, KEYS[1]
local counter, ids, ends = bucket .. 'counter', bucket .. 'ids', bucket .. 'ends'
`;

/** Where everything is on one server: an operation is one script, and one round trip. */
export function serverScripts(same: ScriptSettings): RedisScripts {
  const start = [settings(same), ON_ONE_SERVER, HEAD, BUCKET];
  return {
    sessionInitTime: TIME,
    sessionInitOfUser: script(1, ...start, OF_USER),
    sessionInitSweep: script(1, ...start, PRUNE, SWEEP),
    sessionInitCreate: script(1, ...start, PRUNE, SECRET, ADMISSION, NEXT_NUMBER, CLAIM, ADMIT, CREATE),
    sessionInitAbandon: scriptEvenIfFull(1, ...start, SECRET, BURY, ABANDON),
    sessionInitRefresh: scriptEvenIfFull(1, ...start, SECRET, TOUCH, USE, REFRESH),
    sessionInitRemove: scriptEvenIfFull(1, ...start, REMOVE),
  };
}

/** The secret is made valid at once, unless a tombstone stands there. */
const CLAIM = `
local text
local function claim(number, created)
  text = text_of(id_of(number), created, ARGV[1], ARGV[8] .. ' ' .. user)
  return redis.call('SET', secrets .. hash, text, 'NX', 'PX', life_of(created, now))
end
`;

const CREATE = `
if time_here() > deadline then return { 'late' } end
local outcome, _, _, evicted, owed = admit()
if outcome ~= 'created' then return { outcome } end
for _, other in ipairs(owed) do redis.call('DEL', secrets .. other) end
for i, other in ipairs(evicted) do
  evicted[i] = id_of(other)
  tell(evicted[i], 'evicted', node)
end
return { outcome, text, evicted }
`;

/** A creation whose answer was lost: what it made ends, and if it is still to come, it comes too late. */
const ABANDON = `
local hash, deadline = ARGV[4], ARGV[5]
local id = id_in(redis.call('GET', secrets .. hash))
local entry = id and entry_of(string.format('%.0f', id - base))
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
