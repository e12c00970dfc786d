import type { RedisScripts } from '../../../redis-client/open-client.js';

/** Of a bucket there are five keys, of a secret there is one. */
export const KEYS_OF = { bucket: 5, secret: 1 };

/** One script, made of parts that stand one after the other. */
export function script(numberOfKeys: number, ...parts: string[]): RedisScripts[string] {
  return { lua: parts.join('\n'), numberOfKeys };
}
