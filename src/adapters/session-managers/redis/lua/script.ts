import type { RedisScripts } from '../../../redis-client/open-client.js';
import { KEPT_AFTER_END, type Surroundings } from '../surroundings.js';

/** One script, made of parts that stand one after the other. */
export function script(numberOfKeys: number, ...parts: string[]): RedisScripts[string] {
  return { lua: parts.join('\n'), numberOfKeys };
}

/**
 * A script that runs even where Redis is full (`maxmemory`): sessions can be ended and used there, which takes no more room
 * than there was before, and makes some.
 */
export function scriptEvenIfFull(numberOfKeys: number, ...parts: string[]): RedisScripts[string] {
  return script(numberOfKeys, '#!lua flags=allow-oom', ...parts);
}

/** What is the same in every call of a manager. */
export type ScriptSettings = Pick<Surroundings, 'keys' | 'lifetime' | 'timeFrom' | 'lease'>;

/** What is the same in every call stands in the scripts, so that it need not be sent with each. */
export function settings({ keys, lifetime, timeFrom, lease }: ScriptSettings): string {
  const longest = lifetime.absoluteLifetime + KEPT_AFTER_END;
  const values = {
    time_from: timeFrom,
    channel: keys.channel,
    secrets: keys.secrets,
    idle: lifetime.idleTimeout,
    absolute: lifetime.absoluteLifetime,
    policy: lifetime.limitPolicy,
    max: lifetime.maxSessionsPerUser,
    keep: KEPT_AFTER_END,
    fresh: String(lifetime.endsAt(0, 0) + KEPT_AFTER_END),
    longest,
    for_longest: String(longest),
    for_a_bucket: String(3 * longest),
    lease,
  };
  const literals = Object.values(values).map((value) => (typeof value === 'string' ? literal(value) : String(value)));
  return `local ${Object.keys(values).join(', ')} = ${literals.join(', ')}`;
}

/** Any text as Lua reads it: each byte by its number. */
function literal(text: string): string {
  return `'${[...Buffer.from(text)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}'`;
}
