import type { Authenticator } from '../../ports.js';
import { type CompositionOptions, type IdentityOptions, optionProblems } from './composition-options.js';
import { type LinkedAuthenticator, linkedAuthenticator } from './linked-authenticator.js';
import { type ChainLink, resolveLinks } from './links.js';

/** Options of {@link firstOf}. */
export interface FirstOfOptions extends CompositionOptions, IdentityOptions {
  /**
   * What happens when one knows the user and says no: `reject` is a no; `continue` asks the next one, which gets a secret
   * that was wrong here.
   *
   * @defaultValue `'reject'`
   */
  onDenied?: ChainLink['onDenied'];
  /**
   * What happens when one is at fault: `fail` is a fault; `continue` asks the next one, and if none says yes, it is a fault
   * all the same.
   *
   * @defaultValue `'fail'`
   */
  onFault?: ChainLink['onFault'];
}

/**
 * Asks authenticators one after the other, until one knows the user: a directory, and a file with a few local users beside
 * it. It is a `chain` whose links all have the same rules.
 *
 * @param authenticators - in this order; each with a name of its own, without a colon
 * @throws ConfigurationError with every problem
 *
 * @example
 * ```ts
 * import { staticAuthenticator } from 'session-init';
 * import { firstOf } from 'session-init/adapters/chain';
 * import { usersFileAuthenticator } from 'session-init/adapters/users-file';
 *
 * const staff = usersFileAuthenticator({ path: 'staff.json' });
 * const local = staticAuthenticator({ users: { demo: 'only-for-development' } });
 * const authenticator = firstOf([staff, local]);
 * ```
 */
export function firstOf(authenticators: readonly Authenticator[], options: FirstOfOptions = {}): LinkedAuthenticator {
  const { name = 'first-of', clock, identities, onDenied, onFault } = options;
  const problems = optionProblems('firstOf', options, ['identities', 'onDenied', 'onFault']);
  const links = Array.isArray(authenticators)
    ? authenticators.map((authenticator: Authenticator) => ({ authenticator, onDenied, onFault }))
    : [];
  return linkedAuthenticator({
    name,
    links: resolveLinks('firstOf', links, problems),
    qualified: identities !== 'merged',
    clock,
  });
}
