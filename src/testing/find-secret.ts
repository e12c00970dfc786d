import { inspect, types } from 'node:util';
import { ConfigurationError } from '../model/errors.js';
import { Secret } from '../model/secret.js';

/** Shorter than this, a secret is found in texts that do not have it. */
const SHORTEST = 4;

/**
 * Looks for a secret in everything that a value shows: what the console prints of it, its JSON, and every own property,
 * entry and byte that can be reached from it; plain and in the usual encodings.
 *
 * @returns where it was found; undefined if nowhere
 * @throws ConfigurationError if the secret is too short to be looked for
 */
export function findSecret(value: unknown, secret: Secret | string): string | undefined {
  const text = secret instanceof Secret ? secret.reveal() : secret;
  if (typeof text !== 'string' || text.length < SHORTEST) {
    throw new ConfigurationError(
      `A secret to look for has at least ${SHORTEST} characters: shorter ones are everywhere.`,
    );
  }
  const forms = formsOf(text);
  const shownIn = (shown: string) => forms.find(([, form]) => shown.includes(form))?.[0];

  const printed = shownIn(inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null }));
  if (printed !== undefined) return `when it is printed, ${printed}`;
  const json = shownIn(toJson(value));
  if (json !== undefined) return `in its JSON, ${json}`;
  return findIn(value, 'it', shownIn, new Set());
}

/** The secret itself and what it looks like in other clothes, by name. */
function formsOf(text: string): readonly (readonly [string, string])[] {
  const bytes = Buffer.from(text);
  return [
    ['as it is', text],
    ['escaped as in JSON', escaped(text)],
    ['escaped as in JSON within JSON', escaped(escaped(text))],
    ['percent-encoded', encodeURIComponent(text)],
    ['in hex', bytes.toString('hex')],
    ...[0, 1, 2].flatMap((shift) => [
      ['in base64', within(bytes, shift, 'base64')] as const,
      ['in base64url', within(bytes, shift, 'base64url')] as const,
    ]),
  ];
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** The characters that `bytes` have in base64, whatever goes before and after them, if they begin `shift` bytes off. */
function within(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): string {
  const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
  return shifted.toString(encoding).slice(Math.ceil((shift * 4) / 3), Math.floor((shifted.length * 4) / 3));
}

function toJson(value: unknown): string {
  const seen = new WeakSet();
  try {
    const json: string | undefined = JSON.stringify(value, (_, item: unknown) => {
      if (typeof item === 'bigint') return String(item);
      if (typeof item !== 'object' || item === null) return item;
      if (seen.has(item)) return undefined;
      seen.add(item);
      return item;
    });
    return json ?? '';
  } catch {
    return '';
  }
}

/** Walks through everything that can be reached: errors, maps and symbols, too, which neither text above need show. */
function findIn(
  value: unknown,
  path: string,
  shownIn: (text: string) => string | undefined,
  seen: Set<unknown>,
): string | undefined {
  if (typeof value === 'string') {
    const form = shownIn(value);
    return form && `in ${path}, ${form}`;
  }
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  if (types.isUint8Array(value)) {
    const form = shownIn(Buffer.from(value).toString('latin1'));
    return form && `in the bytes of ${path}, ${form}`;
  }
  const entries: [string, () => unknown][] = Reflect.ownKeys(value).map((key) => [
    `${path}.${String(key)}`,
    () => (value as Record<PropertyKey, unknown>)[key],
  ]);
  if (types.isMap(value)) {
    for (const [key, item] of value) entries.push([`a key of ${path}`, () => key], [`an entry of ${path}`, () => item]);
  }
  if (types.isSet(value)) for (const item of value) entries.push([`a member of ${path}`, () => item]);
  for (const [key, read] of entries) {
    const found = shownIn(key) ? `in the name of a property of ${path}` : findIn(attempt(read), key, shownIn, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A getter that throws shows nothing but its error. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    return error;
  }
}
