import { fork } from 'node:child_process';
import { once } from 'node:events';
import { httpAuthenticator } from '../../dist/adapters/authenticators/http.js';
import { httpAuthorizer } from '../../dist/adapters/authorizers/http.js';
import { jsonByHand } from '../by-hand/http.mjs';
import { timed } from '../harness/timed.mjs';
import { askAuthorizer, authorizations } from '../support/authorizations.mjs';
import { withAuthenticator } from '../support/with-authenticator.mjs';

export const variants = ['undici', 'session-init'];
export const unit = 'us';

const AT_ONCE = 64;
const token = 'marked-bearer-token-1';

/** A web service in a process of its own asked whether users are who they say, and whether they may have a session. */
export async function createVariant(variant, { milliseconds }) {
  const service = fork(new URL('../support/web-service-process.mjs', import.meta.url));
  process.once('exit', () => service.kill('SIGKILL'));
  const [port] = await once(service, 'message');
  const { authenticate, mayHave } = (variant === 'undici' ? byHand : withAdapters)(`http://127.0.0.1:${port}`);

  async function login() {
    const user = await authenticate('user-1', 'marked-user-secret-1');
    if (user !== 'user-1') throw new Error('The user was to be authenticated.');
  }

  return {
    workloads: {
      'authenticate: one by one': () => timed(milliseconds, () => login().then(() => 1)),
      [`authenticate: ${AT_ONCE} at once`]: () =>
        timed(milliseconds, async () => {
          await Promise.all(Array.from({ length: AT_ONCE }, login));
          return AT_ONCE;
        }),
      [`authorize: ${AT_ONCE} at once`]: await authorizations(milliseconds, mayHave),
    },
  };
}

function byHand(origin) {
  const post = jsonByHand(origin);
  return {
    authenticate: async (username, secret) => {
      const { signal } = new AbortController();
      return (await post('/check', { username, secret, ip_address: '10.1.2.3' }, signal)).user;
    },
    mayHave: async ({ user, groups, claims, ipAddress }) => {
      const { signal } = new AbortController();
      const input = { user, groups, claims, ip_address: ipAddress };
      return (await post('/v1/data/session/allow', { input }, signal)).result;
    },
  };
}

function withAdapters(origin) {
  const authenticator = httpAuthenticator({ url: `${origin}/check`, token });
  const authorizer = httpAuthorizer({ url: `${origin}/v1/data/session/allow`, token });
  return {
    authenticate: withAuthenticator(authenticator, { ipAddress: '10.1.2.3' }),
    mayHave: askAuthorizer(authorizer),
  };
}
