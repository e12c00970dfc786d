import { Secret } from '../index.js';

/** What such a property holds is never shown: an actor of somebody else's may hold it in the open. */
const SECRET_KEY = /secret|passw|passphrase|token|authorization|cookie|credential|api.?key|private.?key/i;
const MAX_DEPTH = 6;
const MAX_VALUES = 300;
const MAX_STRING = 200;

/**
 * A value of any kind as JSON that is short, has no functions or circles in it, and no property that goes by the name of
 * a secret.
 *
 * @param maxLength - characters; what is beyond is cut off, and `…` says so
 */
export function safeText(value: unknown, maxLength: number): string {
  let left = MAX_VALUES;

  function plain(value: unknown, depth: number): unknown {
    left--;
    if (typeof value === 'string') return value.length > MAX_STRING ? `${value.slice(0, MAX_STRING)}…` : value;
    if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
    if (typeof value === 'function') return '[function]';
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Secret) return '[redacted]';
    if (value instanceof Error) return `${value.name}: ${value.message.slice(0, MAX_STRING)}`;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString();
    // What an actor refers to is an actor, with all that belongs to it.
    if ('_parent' in value && 'sessionId' in value) return `[actor ${String(value.sessionId)}]`;
    if (depth >= MAX_DEPTH || left <= 0) return '…';
    if (Array.isArray(value)) return value.slice(0, Math.max(0, left)).map((item) => plain(item, depth + 1));
    if (value instanceof Map || value instanceof Set) return plain([...value], depth + 1);
    const shown: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      if (left <= 0) break;
      shown[key] = SECRET_KEY.test(key) ? '[redacted]' : plain((value as Record<string, unknown>)[key], depth + 1);
    }
    return shown;
  }

  try {
    const text = JSON.stringify(plain(value, 0)) ?? '';
    return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  } catch {
    return '[cannot be shown]';
  }
}
