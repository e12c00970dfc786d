import type { Authenticator } from '../../ports.js';
import { type CompositionOptions, optionProblems } from './composition-options.js';
import { type LinkedAuthenticator, linkedAuthenticator } from './linked-authenticator.js';
import { resolveLinks } from './links.js';
import { shareSecret } from './share-secret.js';

/** Options of {@link allOf}. */
export interface AllOfOptions extends CompositionOptions {
  /**
   * The separator at which the secret is taken apart, so that each factor gets a part of its own: with `','`, the secret
   * `password,123456` is a password and a code. The last separators count, so the first part may contain it, too. If
   * there are too few parts, or an empty one, the answer is no, at once, whoever the user is.
   *
   * @defaultValue none: each factor gets the whole secret
   */
  split?: string;
}

/**
 * Every one of the authenticators must say yes: the factors of one user. They are asked one after the other; the first one
 * says who the user is, and the others are asked by the name that it found. The groups are those of all, the claims
 * those of the first. If the request has a `one_time_code`, it is what the last factor gets in place of the secret.
 *
 * @throws ConfigurationError with every problem
 *
 * @example
 * ```ts
 * import type { Authenticator } from 'session-init';
 * import { allOf } from 'session-init/adapters/chain';
 * import { usersFileAuthenticator } from 'session-init/adapters/users-file';
 *
 * declare const codes: Authenticator;
 * const authenticator = allOf([usersFileAuthenticator({ path: 'users.json' }), codes], { split: ',' });
 * ```
 */
export function allOf(authenticators: readonly Authenticator[], options: AllOfOptions = {}): LinkedAuthenticator {
  const { name = 'all-of', clock, split } = options;
  const isSeparator = split === undefined || (typeof split === 'string' && split !== '' && split.isWellFormed());
  const problems = [
    ...optionProblems('allOf', options, ['split']),
    ...(isSeparator ? [] : ['allOf: split is a separator, such as ",".']),
  ];
  const links = Array.isArray(authenticators)
    ? authenticators.map((authenticator: Authenticator) => ({
        authenticator,
        onSuccess: 'continue' as const,
        onUnknownUser: 'reject' as const,
      }))
    : [];
  return linkedAuthenticator({
    name,
    links: resolveLinks('allOf', links, problems),
    qualified: false,
    share: shareSecret(links.length, split),
    clock,
  });
}
