import type { RedisScripts } from '../../../redis-client/open-client.js';
import { ADMISSION, ADMIT, BUCKET, HEAD, NEXT_NUMBER, OF_USER, PRUNE, SECRET, SWEEP, TOUCH } from './parts.js';
import { KEYS_OF, script } from './script.js';
import { TIME } from './time-script.js';

const ON_ONE_SERVER = 'local clustered, pruned = false, 32';

/** Where everything is on one server: an operation is one script, and one round trip. */
export const SERVER_SCRIPTS: RedisScripts = {
  sessionInitTime: TIME,
  sessionInitOfUser: script(KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, OF_USER),
  sessionInitSweep: script(KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, PRUNE, SWEEP),
  sessionInitCreate: script(
    ...[KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, PRUNE, SECRET, ADMISSION, NEXT_NUMBER, ADMIT],
    `
local deadline, secrets, ip_address = ARGV[14], ARGV[15], ARGV[16]
if is_late(deadline) or redis.call('EXISTS', secrets .. hash) == 1 then return { 'late' } end
local outcome, number, created, evicted, owed = admit()
if outcome ~= 'created' then return { outcome } end
for _, other in ipairs(owed) do redis.call('DEL', secrets .. other) end
for i, other in ipairs(evicted) do
  evicted[i] = id_of(other)
  tell(evicted[i], 'evicted', node)
end
local text = text_of(id_of(number), created, now, ip_address .. ' ' .. user)
put(secrets .. hash, text, ends_at(created, now, idle, absolute) - now, keep)
return { outcome, text, evicted }
`,
  ),
  // A creation whose answer was lost: what it made ends, and if it is still to come, it comes too late.
  sessionInitAbandon: script(
    ...[KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, SECRET],
    `
local hash, secrets, deadline = ARGV[6], ARGV[7], ARGV[8]
local id = id_in(redis.call('GET', secrets .. hash))
local entry = id and entry_of(string.format('%013.0f', tonumber(id) - base))
if entry and entry.hash == hash then drop(entry) end
bury(secrets .. hash, 'abandoned', deadline)
`,
  ),
  sessionInitRefresh: script(
    ...[KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET, SECRET, TOUCH],
    `
local idle, absolute = tonumber(ARGV[7]), tonumber(ARGV[8])
local hash = touch(ARGV[6], idle, absolute)
return hash and use_secret(ARGV[10] .. hash, idle, absolute, tonumber(ARGV[9]))
`,
  ),
  sessionInitRemove: script(
    ...[KEYS_OF.bucket, ON_ONE_SERVER, HEAD, BUCKET],
    `
local entry = entry_of(ARGV[6])
if not entry then return 0 end
redis.call('DEL', ARGV[7] .. entry.hash)
drop(entry)
tell(id_of(entry.number), 'removed', node)
return 1
`,
  ),
};
