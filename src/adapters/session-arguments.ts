import { BackendFaultError } from '../model/errors.js';

/**
 * Holds a user name fit to be stored and found again. Two names that are not well-formed Unicode may become one when
 * they are written as UTF-8, and one user's sessions another's.
 *
 * @throws BackendFaultError if the name is no string, or not well-formed
 */
export function requireUser(user: unknown): asserts user is string {
  if (typeof user === 'string' && user.isWellFormed()) return;
  throw new BackendFaultError(
    'No session was created: the user name that the authenticator gave is not a string of well-formed Unicode.',
  );
}

/** Whether `id` can be the id of a session. What cannot be is not found, without asking the store. */
export function isSessionId(id: unknown): id is number {
  return Number.isSafeInteger(id) && (id as number) > 0;
}

/** How many items `limit` asks for: a whole number from 0 to a million. What is no number asks for none. */
export function itemCount(limit: number): number {
  return limit > 0 ? Math.min(Math.floor(limit), 1_000_000) : 0;
}

/** The id after which a list starts; 0 for its beginning. */
export function afterId(after: number | undefined): number {
  return after !== undefined && after > 0 ? Math.min(Math.floor(after), Number.MAX_SAFE_INTEGER) : 0;
}
