import { type CompositionOptions, type IdentityOptions, optionProblems } from './chain/composition-options.js';
import { type LinkedAuthenticator, linkedAuthenticator } from './chain/linked-authenticator.js';
import { type ChainLink, resolveLinks } from './chain/links.js';

export { type AllOfOptions, allOf } from './chain/all-of.js';
export type { CompositionOptions, IdentityOptions } from './chain/composition-options.js';
export { type FirstOfOptions, firstOf } from './chain/first-of.js';
export type { LinkedAuthenticator } from './chain/linked-authenticator.js';
export type { ChainLink } from './chain/links.js';

/** Options of {@link chain}. */
export interface ChainOptions extends CompositionOptions, IdentityOptions {}

/**
 * Asks authenticators one after the other, and does after each answer what its link says. The chain says yes only if a link
 * did. When all links are asked, it says yes if one did and none after it said otherwise. If a fault was passed over
 * and there is no yes in the end, it ends with that fault: whether it would have been a yes, nobody knows.
 *
 * The outcome, or the error, carries the path: which link said what, and in how long. No link is asked once the signal is
 * aborted. See docs/adapters/composition.md for the table of the rules.
 *
 * @throws ConfigurationError with every problem
 *
 * @example Codes are asked only of those who have them
 * ```ts
 * import type { Authenticator } from 'session-init';
 * import { chain } from 'session-init/adapters/chain';
 *
 * declare const directory: Authenticator;
 * declare const codes: Authenticator;
 * const authenticator = chain(
 *   [
 *     { authenticator: directory, onSuccess: 'continue' },
 *     { authenticator: codes, onUnknownUser: 'accept' },
 *   ],
 *   // The codes are asked for `ada`; by default it would be `directory:ada`, whom they may not know.
 *   { identities: 'merged' },
 * );
 * ```
 */
export function chain(links: readonly ChainLink[], options: ChainOptions = {}): LinkedAuthenticator {
  const { name = 'chain', clock, identities } = options;
  const problems = optionProblems('chain', options, ['identities']);
  return linkedAuthenticator({
    name,
    links: resolveLinks('chain', links, problems),
    qualified: identities !== 'merged',
    clock,
  });
}
