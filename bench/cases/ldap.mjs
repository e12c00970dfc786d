import { ldapAuthenticator } from '../../dist/adapters/authenticators/ldap.js';
import { Secret } from '../../dist/index.js';
import { ldapByHand } from '../by-hand/ldap.mjs';
import { timed } from '../harness/timed.mjs';
import { startSlapd } from '../support/slapd.mjs';

export const variants = ['ldapts', 'session-init'];
export const unit = 'us';

const USERS = 200;
const AT_ONCE = 64;

/** A user's name and secret verified by a real slapd, by search and bind. */
export async function createVariant(variant, { milliseconds }) {
  const directory = await startSlapd(USERS);
  const authenticate = variant === 'ldapts' ? await ldapByHand(directory) : withAdapter(directory);
  let next = 0;

  async function verify() {
    const index = next++ % USERS;
    const user = await authenticate(`user-${index}`, `marked-user-secret-${index}`);
    if (user !== `user-${index}`) throw new Error(`user-${index} was to be authenticated.`);
  }

  async function atOnce(calls) {
    await Promise.all(Array.from({ length: calls }, verify));
    return calls;
  }

  return {
    workloads: {
      'one by one': () => timed(milliseconds, () => atOnce(1)),
      [`${AT_ONCE} at once`]: () => timed(milliseconds, () => atOnce(AT_ONCE)),
    },
  };
}

function withAdapter(directory) {
  const authenticator = ldapAuthenticator(directory);
  const { signal } = new AbortController();
  return async (username, secret) => {
    const outcome = await authenticator.authenticate({ username, secret: new Secret(secret) }, { signal });
    return outcome.user;
  };
}
