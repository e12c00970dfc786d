import { isJsonObject } from '../../model/json.js';

/** A request that was not sent: nobody listens, no address, no way. */
const CODES = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'];
/** With these calls a connection begins. The same codes of a `read` or a `write` come after the request was sent. */
const CALLS = ['connect', 'getaddrinfo'];
/** A chain of causes is followed so far. */
const MAX_DEPTH = 10;

/**
 * Whether an error says for certain that the request never reached the backend: the operating system could not connect. Only
 * then can a guess be made once more without being counted twice there. It is looked for in the causes; of several errors in
 * one, all must say so. One that carries a path comes from a composition, of which another part may have been reached.
 */
export function neverReached(error: unknown): boolean {
  return isRefusal(error, 0);
}

function isRefusal(error: unknown, depth: number): boolean {
  if (!(error instanceof Error) && !isJsonObject(error)) return false;
  const { code, syscall, cause, errors, path } = error as Record<string, unknown>;
  if (path !== undefined || depth > MAX_DEPTH) return false;
  if (Array.isArray(errors)) return errors.length > 0 && errors.every((one) => isRefusal(one, depth + 1));
  if (typeof syscall === 'string') return CALLS.includes(syscall) && CODES.includes(String(code));
  return isRefusal(cause, depth + 1);
}
