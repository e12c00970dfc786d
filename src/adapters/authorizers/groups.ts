import { ConfigurationError } from '../../model/errors.js';
import type { Authorizer } from '../ports.js';

/** Options of {@link groupsAuthorizer}. At least one of the lists must be given. */
export interface GroupsAuthorizerOptions {
  /** The user must be in at least one of these. */
  anyOf?: readonly string[];
  /** The user must be in every one of these. */
  allOf?: readonly string[];
  /** The user must be in none of these; it goes before the others. */
  noneOf?: readonly string[];
}

/**
 * Lets a user have a session by the groups that the authenticator found. A user without groups is in none.
 *
 * @throws ConfigurationError if no list is given, or only empty ones: that would let everybody in
 */
export function groupsAuthorizer(options: GroupsAuthorizerOptions = {}): Authorizer {
  const { anyOf = [], allOf = [], noneOf = [] } = options;
  if (anyOf.length + allOf.length + noneOf.length === 0) {
    throw new ConfigurationError(
      'groupsAuthorizer needs a group in anyOf, allOf or noneOf. To let everybody in, use allowAllAuthorizer.',
    );
  }
  return {
    name: 'groups',
    async authorize({ groups }) {
      const has = new Set(groups);
      if (noneOf.some((group) => has.has(group))) return { outcome: 'denied', cause: 'excludedGroup' };
      if (!allOf.every((group) => has.has(group))) return { outcome: 'denied', cause: 'missingGroup' };
      if (anyOf.length > 0 && !anyOf.some((group) => has.has(group)))
        return { outcome: 'denied', cause: 'missingGroup' };
      return { outcome: 'authorized' };
    },
  };
}
