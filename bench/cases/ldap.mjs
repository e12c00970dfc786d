import { ldapAuthenticator } from '../../dist/adapters/authenticators/ldap.js';
import { Secret } from '../../dist/index.js';
import { ldapByHand } from '../by-hand/ldap.mjs';
import { loginWorkloads, USERS } from '../support/logins.mjs';
import { startSlapd } from '../support/slapd.mjs';

export const variants = ['ldapts', 'session-init'];
export const unit = 'us';

/** A user's name and secret verified by a real slapd, by search and bind. */
export async function createVariant(variant, { milliseconds }) {
  const directory = await startSlapd(USERS);
  const authenticate = variant === 'ldapts' ? await ldapByHand(directory) : withAdapter(directory);
  return { workloads: loginWorkloads(milliseconds, authenticate) };
}

function withAdapter(directory) {
  const authenticator = ldapAuthenticator(directory);
  const { signal } = new AbortController();
  return async (username, secret) => {
    const outcome = await authenticator.authenticate({ username, secret: new Secret(secret) }, { signal });
    return outcome.user;
  };
}
