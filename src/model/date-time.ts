import { utc } from '@date-fns/utc';
import { parse } from 'date-fns/parse';

/** How times are written: RFC 3339 with milliseconds in UTC, or the form that DMOD clients parse. */
export type WireProfile = 'rfc3339' | 'dmod';

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DMOD = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d):([0-5]\d)\.(\d{1,6})$/;
const DATE_TIME_ZONE = 'yyyy-MM-dd HH:mm:ss XXX';
const LONGEST_TEXT = 64;
const FIRST_TIME = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');

/**
 * Reads a time of at most 64 characters in RFC 3339, or in DMOD's `2019-12-10 16:27:54.000000`, which is taken as UTC.
 * Fractions are cut to milliseconds; a leap second (23:59:60 UTC) reads as the first moment of the next day.
 *
 * @returns undefined if `text` is neither, names no day or time that exists, or lies outside the years 1 to 9999
 */
export function parseDateTime(text: string): Date | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  const match = RFC3339.exec(text) ?? DMOD.exec(text);
  if (match === null) return undefined;
  const [, day, minute, second, fraction = '', zone = 'Z'] = match;
  const isLeapSecond = second === '60';
  const whole = parse(`${day} ${minute}:${isLeapSecond ? '59' : second} ${zone.toUpperCase()}`, DATE_TIME_ZONE, 0, {
    in: utc,
  });
  if (isLeapSecond && !(whole.getUTCHours() === 23 && whole.getUTCMinutes() === 59)) return undefined;
  const milliseconds = isLeapSecond ? 1000 : Number(fraction.slice(0, 3).padEnd(3, '0'));
  const time = new Date(whole.getTime() + milliseconds);
  return isWireTime(time) ? time : undefined;
}

/** Whether `value` is a time that can be written in every profile: a valid `Date` in the years 1 to 9999 (UTC). */
export function isWireTime(value: unknown): value is Date {
  return value instanceof Date && value.getTime() >= FIRST_TIME && value.getTime() <= LAST_TIME;
}

/**
 * Writes a time in the given profile.
 *
 * @throws RangeError if the time cannot be written: see {@link isWireTime}
 */
export function formatDateTime(time: Date, profile: WireProfile): string {
  if (!isWireTime(time)) throw new RangeError('A time must be a valid Date in the years 1 to 9999.');
  const text = time.toISOString();
  return profile === 'dmod' ? text.replace('T', ' ').replace('Z', '000') : text;
}
