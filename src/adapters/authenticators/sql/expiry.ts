import { parseDateTime } from '../../../model/date-time.js';
import type { BackendFaultError } from '../../../model/errors.js';

/** Makes the error that says what is wrong with a column. */
export type ColumnFault = (problem: string) => BackendFaultError;

/** As PostgreSQL and SQLite write times, and as RFC 3339 does. */
const TIME = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?(\.\d{1,9})?)? ?(Z|[+-]\d\d(?::\d\d)?)?$/i;
/** The year 5138 in seconds, and 1973 in milliseconds: what is beyond was not meant as seconds. */
const LAST_SECOND = 1e11;

/**
 * When an account expires, in milliseconds since 1970.
 *
 * @throws what `fault` makes, if it cannot be known: an account would be open for ever
 */
export function readExpiry(value: unknown, fault: ColumnFault): number {
  if (value === null || value === undefined || value === 'infinity') return Number.POSITIVE_INFINITY;
  if (value === '-infinity') return Number.NEGATIVE_INFINITY;
  if (typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))) {
    return readSeconds(Number(value), fault);
  }
  const [, day, minute = '00:00', second = ':00', fraction = '', zone = 'Z'] = TIME.exec(String(value)) ?? [];
  const offset = zone.length === 3 ? `${zone}:00` : zone;
  const time = day === undefined ? undefined : parseDateTime(`${day}T${minute}${second}${fraction}${offset}`);
  if (time !== undefined) return time.getTime();
  throw fault('expires_at is no time such as 2026-12-31 23:59:59. Cast it to a timestamp.');
}

function readSeconds(seconds: number, fault: ColumnFault): number {
  if (Math.abs(seconds) < LAST_SECOND) return seconds * 1000;
  throw fault('expires_at is too great for seconds since 1970. Divide milliseconds by 1000.');
}
