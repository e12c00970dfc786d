import { isIP } from 'node:net';
import { Ajv } from 'ajv';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import {
  failedSessionInitInfoSchema,
  fullAuthSessionSchema,
  sessionInitMessageSchema,
  sessionSchema,
} from '../../src/model/schemas.js';

/** What `data` must decode to; `none` if it fits no variant. */
export type Variant = 'FullAuthSession' | 'Session' | 'FailedSessionInitInfo' | 'none';

const ajvDateTime = (fullFormats as Record<string, { validate: (text: string) => boolean }>)['date-time']?.validate;

/** The grammar of RFC 3339 section 5.6: ajv-formats takes a space for the T, `+01`, `+0100` and `24:59:00+01:00` too. */
const RFC3339_GRAMMAR =
  /^\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DMOD_GRAMMAR = /^\d{4}-\d\d-\d\d \d\d:\d\d:[0-5]\d\.\d{1,6}$/;

/** A time that must be read: RFC 3339 by Ajv, or DMOD's form; at most 64 characters, in the years 1 to 9999 in UTC. */
export function isReadableTime(text: string): boolean {
  const rfc3339 = DMOD_GRAMMAR.test(text) ? `${text.replace(' ', 'T')}Z` : text;
  if (text.length > 64 || !ajvDateTime?.(rfc3339) || !RFC3339_GRAMMAR.test(rfc3339)) return false;
  const [, upToMinute, second, zone] = /^(.{16}):(\d\d)(?:\.\d+)?(.+)$/.exec(rfc3339.toUpperCase()) ?? [];
  const year = new Date(Date.parse(`${upToMinute}:00${zone}`) + Number(second) * 1000).getUTCFullYear();
  return !text.startsWith('0000') && year >= 1 && year <= 9999;
}

/** An IP address by Node's own judgement, with a zone index of 1 to 63 printable characters, none of them `%` or `/`. */
export function isReadableAddress(text: string): boolean {
  const [, address = '', zone] = /^([^%]*)(?:%([^%/]{1,63}))?$/s.exec(text) ?? [];
  return zone === undefined ? isIP(address) !== 0 : isIP(address) === 6 && /^[\x21-\x7e]+$/.test(zone);
}

const ajv = new Ajv({ strict: true, ownProperties: true, formats: { 'date-time': { validate: isReadableTime } } });
const fitsFullAuthSession = ajv.compile(fullAuthSessionSchema);
const fitsSession = ajv.compile(sessionSchema);
const fitsFailure = ajv.compile(failedSessionInitInfoSchema);
const fitsMessage = ajv.compile(sessionInitMessageSchema);

/** The variant that `data` must decode to by the JSON Schemas, plus the rules that these do not state. */
export function judgeData(data: unknown): Variant {
  const own = typeof data === 'object' && data !== null ? new Map<string, unknown>(Object.entries(data)) : new Map();
  if (fitsSession(data) && Number.isSafeInteger(own.get('session_id'))) {
    const isFull = fitsFullAuthSession(data) && isReadableAddress(own.get('ip_address'));
    return isFull ? 'FullAuthSession' : 'Session';
  }
  return !Array.isArray(data) && fitsFailure(lenient(data)) ? 'FailedSessionInitInfo' : 'none';
}

/** `data` with the reason in upper case, and without what the wire takes for absent: a reason of -1 or null, null details. */
function lenient(data: unknown): unknown {
  if (typeof data !== 'object' || data === null) return data;
  const { reason, details, ...rest } = data as Record<string, unknown>;
  return {
    ...rest,
    ...(reason !== undefined && reason !== null && reason !== -1 && { reason: asciiUpperCase(reason) }),
    ...(details !== undefined && details !== null && { details }),
  };
}

function asciiUpperCase(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[a-z]/g, (letter) => letter.toUpperCase()) : value;
}

/** Whether `value` must be read as a SessionInitMessage. */
export function judgeMessage(value: unknown): boolean {
  if (!fitsMessage(value)) return false;
  const message = value as { username: string; user_secret: string; one_time_code?: string | null };
  const texts = [message.username, message.user_secret, message.one_time_code ?? ''];
  return texts.every((text) => text.isWellFormed()) && Buffer.byteLength(message.user_secret) <= 4096;
}
