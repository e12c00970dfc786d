import { radiusAuthenticator } from '../../dist/adapters/authenticators/radius.js';
import { Secret } from '../../dist/index.js';
import { radiusByHand } from '../by-hand/radius.mjs';
import { timed } from '../harness/timed.mjs';
import { startFreeRadius } from '../support/freeradius.mjs';

export const variants = ['by hand', 'session-init'];
export const unit = 'us';

const USERS = 200;
const AT_ONCE = 64;

/** A user's name and secret verified by a real FreeRADIUS. */
export async function createVariant(variant, { milliseconds }) {
  const server = await startFreeRadius(USERS);
  const authenticate = variant === 'by hand' ? await radiusByHand(server) : withAdapter(server);
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

function withAdapter(server) {
  const authenticator = radiusAuthenticator({ servers: [server] });
  return async (username, secret) => {
    const { signal } = new AbortController();
    const outcome = await authenticator.authenticate({ username, secret: new Secret(secret) }, { signal });
    return outcome.user;
  };
}
