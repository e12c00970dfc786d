import type { PathStep } from './backend-path.js';
import { BackendFaultError, OverloadedError, SessionInitError } from './errors.js';
import type { Secret } from './secret.js';

/** A secret of fewer characters is found in any text by chance. */
const SHORTEST = 4;
/** So many objects of an error are looked at. */
const MAX_PARTS = 2_000;

/**
 * What a backend threw, unless it quotes the user's secret: drivers put whole requests into their errors, and the
 * operator's log would show it (promise P5, ASVS 16.2.5). It is looked for in everything that hangs on the error, as it is
 * and as base64, hex, JSON, bytes, in a URL, a form or an LDAP filter.
 */
export function withheldError(backend: string, error: unknown, secrets: readonly Secret[]): unknown {
  if (!quotesAny(textOf(error).join('\n'), secrets)) return error;
  const code = error instanceof SessionInitError ? ` (${error.code})` : '';
  const message = `${backend} failed${code}. Its error quotes the secret, so its text is withheld.`;
  return error instanceof OverloadedError
    ? new OverloadedError(message, { retryAfter: error.retryAfter })
    : new BackendFaultError(message);
}

/** Why a backend said no, unless that quotes the secret. */
export function withheldCause(cause: string | undefined, secrets: readonly Secret[]): string | undefined {
  return cause !== undefined && quotesAny(cause, secrets) ? 'withheld, since it quotes the secret' : cause;
}

/** Which backends said what, without the secret that one of them quotes. */
export function withheldPath(path: readonly PathStep[], secrets: readonly Secret[]): readonly PathStep[] {
  return path.map((step) => ({
    ...step,
    cause: withheldCause(step.cause, secrets),
    ...(step.path && { path: withheldPath(step.path, secrets) }),
  }));
}

function quotesAny(text: string, secrets: readonly Secret[]): boolean {
  return secrets.some((secret) => quotes(text, secret));
}

function quotes(text: string, secret: Secret): boolean {
  const value = secret.reveal();
  if (value.length < SHORTEST) return false;
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  const json = JSON.stringify(value).slice(1, -1);
  const escaped = [
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(value),
    String(new URLSearchParams({ '': value })).slice(1),
  ];
  const hexes = [hex, hex.replaceAll(/..(?!$)/g, '$& '), hex.replaceAll(/../g, '\\$&')];
  const folded = text.toLowerCase();
  return (
    base64Forms(bytes).some((form) => text.includes(form)) ||
    text.includes([...bytes].join(',')) ||
    [value, ...escaped, ...hexes].some((form) => folded.includes(form.toLowerCase()))
  );
}

/** In base64 a secret looks in three ways, by what stands before it: `user:` in a Basic header, for one. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    // The characters at both ends also hold bits of what stands around.
    const certain = (text: string) =>
      text.replaceAll('=', '').slice(Math.ceil((before * 4) / 3), padded.length % 3 === 0 ? undefined : -1);
    return [certain(padded.toString('base64')), certain(padded.toString('base64url'))];
  });
}

/** All text that hangs on what was thrown: messages, stacks, causes, and whatever else a driver put there. */
function textOf(thrown: unknown): string[] {
  const texts: string[] = [];
  const seen = new Set<unknown>();
  const waiting: unknown[] = [thrown];
  for (let value = waiting.shift(); seen.size < MAX_PARTS; value = waiting.shift()) {
    if (typeof value === 'string') texts.push(value);
    else if (ArrayBuffer.isView(value))
      texts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString());
    else if (isContainer(value) && !seen.has(value)) {
      seen.add(value);
      waiting.push(...partsOf(value));
    }
    if (waiting.length === 0) break;
  }
  return texts;
}

function isContainer(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function partsOf(container: object): unknown[] {
  try {
    if (container instanceof Map) return [...container.keys(), ...container.values()];
    if (container instanceof Set) return [...container];
    return Reflect.ownKeys(container).map((key) => readProperty(container, key));
  } catch {
    // What cannot be looked at is nothing that a log would show.
    return [];
  }
}

function readProperty(container: object, key: string | symbol): unknown {
  try {
    return Reflect.get(container, key);
  } catch {
    return undefined;
  }
}
