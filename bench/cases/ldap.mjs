import { ldapAuthenticator } from '../../dist/adapters/authenticators/ldap.js';
import { ldapByHand } from '../by-hand/ldap.mjs';
import { loginWorkloads, USERS } from '../support/logins.mjs';
import { startSlapd } from '../support/slapd.mjs';
import { withAuthenticator } from '../support/with-authenticator.mjs';

export const variants = ['ldapts', 'session-init'];
export const unit = 'us';

/** A user's name and secret verified by a real slapd, by search and bind. */
export async function createVariant(variant, { milliseconds }) {
  const directory = await startSlapd(USERS);
  const authenticate =
    variant === 'ldapts' ? await ldapByHand(directory) : withAuthenticator(ldapAuthenticator(directory));
  return { workloads: loginWorkloads(milliseconds, authenticate) };
}
