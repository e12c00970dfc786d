import { radiusAuthenticator } from '../../dist/adapters/authenticators/radius.js';
import { radiusByHand } from '../by-hand/radius.mjs';
import { startFreeRadius } from '../support/freeradius.mjs';
import { loginWorkloads, USERS } from '../support/logins.mjs';
import { withAuthenticator } from '../support/with-authenticator.mjs';

export const variants = ['by hand', 'session-init'];
export const unit = 'us';

/** A user's name and secret verified by a real FreeRADIUS. */
export async function createVariant(variant, { milliseconds }) {
  const server = await startFreeRadius(USERS);
  const authenticate =
    variant === 'by hand' ? await radiusByHand(server) : withAuthenticator(radiusAuthenticator({ servers: [server] }));
  return { workloads: loginWorkloads(milliseconds, authenticate) };
}
