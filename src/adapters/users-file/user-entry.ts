import { MAX_USERNAME_LENGTH } from '../../model/session-init-message.js';
import { hasLength } from '../../model/text-length.js';
import type { SecretHash } from '../password-hashes/secret-hash.js';

/** One user of a users file. */
export interface UserEntry {
  readonly hash: SecretHash;
  /** The groups that the user is in. An htpasswd file has none. */
  readonly groups: readonly string[];
  /** Whether the user is denied even with the right secret. */
  readonly disabled: boolean;
}

/** User name to entry, in the order of the file. */
export type UserEntries = ReadonlyMap<string, UserEntry>;

/** What helps against a hash that is refused, in a file that has a command for it. */
export const HOW_TO_SET_A_SECRET = '"session-init user passwd" does.';

/** What is wrong with a user name: a sentence without a subject. */
export function userNameProblem(name: string): string | undefined {
  if (!hasLength(name, 1, MAX_USERNAME_LENGTH)) return `must have 1 to ${MAX_USERNAME_LENGTH} characters.`;
  if (!name.isWellFormed()) return 'is not well-formed Unicode.';
  // zod passes over it, and so would not have checked what belongs to it.
  if (name === '__proto__') return 'is reserved.';
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name) ? 'has a control character.' : undefined;
}
