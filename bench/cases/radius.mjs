import { radiusAuthenticator } from '../../dist/adapters/authenticators/radius.js';
import { Secret } from '../../dist/index.js';
import { radiusByHand } from '../by-hand/radius.mjs';
import { startFreeRadius } from '../support/freeradius.mjs';
import { loginWorkloads, USERS } from '../support/logins.mjs';

export const variants = ['by hand', 'session-init'];
export const unit = 'us';

/** A user's name and secret verified by a real FreeRADIUS. */
export async function createVariant(variant, { milliseconds }) {
  const server = await startFreeRadius(USERS);
  const authenticate = variant === 'by hand' ? await radiusByHand(server) : withAdapter(server);
  return { workloads: loginWorkloads(milliseconds, authenticate) };
}

function withAdapter(server) {
  const authenticator = radiusAuthenticator({ servers: [server] });
  return async (username, secret) => {
    const { signal } = new AbortController();
    const outcome = await authenticator.authenticate({ username, secret: new Secret(secret) }, { signal });
    return outcome.user;
  };
}
