import { utc } from '@date-fns/utc';
import { format } from 'date-fns/format';
import { isValid } from 'date-fns/isValid';
import { parse } from 'date-fns/parse';

/** How times are written: RFC 3339 with milliseconds in UTC, or the form that DMOD clients parse. */
export type WireProfile = 'rfc3339' | 'dmod';

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;
const DMOD = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d):(\d\d)\.(\d{1,6})()$/;
const OFFSET = /^[+-](?:[01]\d|2[0-3]):[0-5]\d$/;

/**
 * Reads a time in RFC 3339, or in DMOD's `2019-12-10 16:27:54.000000`, which is taken as UTC. Fractions are cut to
 * milliseconds; a leap second reads as the first moment of the next minute.
 *
 * @returns undefined if `text` is neither, or names no day or time that exists
 */
export function parseDateTime(text: string): Date | undefined {
  if (text.length > 64) return undefined;
  const match = RFC3339.exec(text) ?? DMOD.exec(text);
  if (match === null) return undefined;
  const [, day, minute, second, fraction = '', zone = ''] = match;
  const offset = /^[zZ]?$/.test(zone) ? '+00:00' : zone;
  if (!OFFSET.test(offset)) return undefined;
  const isLeapSecond = second === '60';
  const whole = parse(`${day} ${minute}:${isLeapSecond ? '59' : second} ${offset}`, 'yyyy-MM-dd HH:mm:ss xxx', 0, {
    in: utc,
  });
  if (!isValid(whole)) return undefined;
  const milliseconds = isLeapSecond ? 1000 : Number(fraction.slice(0, 3).padEnd(3, '0'));
  return new Date(whole.getTime() + milliseconds);
}

/** Writes a time in the given profile. */
export function formatDateTime(time: Date, profile: WireProfile): string {
  return profile === 'dmod' ? format(time, 'yyyy-MM-dd HH:mm:ss.SSS', { in: utc }).concat('000') : time.toISOString();
}
