import { BackendFaultError } from '../../model/errors.js';
import { isJsonObject, type JsonObject, own } from '../../model/json.js';
import type { AuthenticationOutcome } from '../ports.js';

/** Which claim: its name, or the names on the way to it through objects, as in `['realm_access', 'roles']`. */
export type ClaimPath = string | readonly string[];

/** What a valid token says, and where it says it. */
export interface ValidToken {
  /** The name of the backend, for error messages. */
  name: string;
  claims: JsonObject;
  usernameClaim: ClaimPath;
  groupsClaim?: ClaimPath | undefined;
  /** When the token ends, in milliseconds since the epoch. */
  expiresAt?: number | undefined;
}

/**
 * Whether a valid token proves that its bearer is `username`.
 *
 * @throws BackendFaultError if it does, and its groups cannot be told
 */
export function outcomeOfToken(token: ValidToken, username: string): AuthenticationOutcome {
  const { name, claims, usernameClaim, groupsClaim, expiresAt } = token;
  // Its holder would have to prove a key (RFC 7800), which does not come with a secret.
  if (own(claims, 'cnf') !== undefined) return { outcome: 'denied', cause: 'boundToken' };
  const user = claimAt(claims, usernameClaim);
  if (typeof user !== 'string' || user === '') return { outcome: 'denied', cause: 'noUserName' };
  if (user !== username) return { outcome: 'denied', cause: 'otherUser' };
  const groups = groupsClaim === undefined ? undefined : groupsIn(name, claims, groupsClaim);
  return { outcome: 'authenticated', user, groups, claims, expiresAt };
}

/**
 * A single string is one group. To take a user whose groups cannot be told for one without groups would let in whom an
 * authorizer excludes by group.
 */
function groupsIn(name: string, claims: JsonObject, path: ClaimPath): readonly string[] | undefined {
  const groups = claimAt(claims, path);
  if (groups === undefined) {
    const elsewhere = own(claims, '_claim_names');
    if (!isJsonObject(elsewhere) || claimAt(elsewhere, path) === undefined) return undefined;
    throw new BackendFaultError(
      `${name}: the groups are not in the token, which says only where they are. Have the issuer put fewer into it.`,
    );
  }
  const list = typeof groups === 'string' ? [groups] : groups;
  if (Array.isArray(list) && list.every((group) => typeof group === 'string')) return list;
  throw new BackendFaultError(`${name}: the claim ${[path].flat().join('.')} holds no list of group names.`);
}

/** What is wrong with a path to a claim that an option gives. */
export function claimPathProblem(option: string, path: unknown): string | undefined {
  const names = typeof path === 'string' ? [path] : path;
  const isPath =
    Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string' && name !== '');
  return isPath ? undefined : `${option} must be the name of a claim, or a list of the names on the way to it.`;
}

function claimAt(claims: JsonObject, path: ClaimPath): unknown {
  return [path].flat().reduce<unknown>((value, name) => (isJsonObject(value) ? own(value, name) : undefined), claims);
}
