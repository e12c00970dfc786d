import { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { importFramework } from '../support/frameworks.mjs';

/**
 * Sessions of express-session in Redis by connect-redis, set up as its documentation says. Requests are made in process: an
 * HTTP server around them would cost more than what is measured.
 *
 * @param {string} url - of the Redis
 * @returns how to create a session, and three ways to find it: in the store alone; as its middleware does for a request;
 *   and with the end of that request, when the session is marked as used
 */
export async function expressSessions(url) {
  const [{ default: session }, { RedisStore }, { createClient }] = await Promise.all(
    ['express-session', 'connect-redis', 'redis'].map(importFramework),
  );
  const client = await createClient({ url }).connect();
  const store = new RedisStore({ client });
  const middleware = session({ store, secret: 'only-for-a-benchmark', resave: false, saveUninitialized: false });

  /** Has a request served, and returns its session's user when the response has ended. */
  function serve(cookie, use, isEnded) {
    return new Promise((resolve, reject) => {
      const request = new IncomingMessage(null);
      Object.assign(request, { method: 'GET', url: '/', headers: { ...(cookie && { cookie }) } });
      const response = new ServerResponse(request);
      let user;
      response.end = () => resolve({ user, cookie: response.getHeader('set-cookie') });
      middleware(request, response, (error) => {
        if (error) return reject(error);
        use(request.session);
        user = request.session.user;
        if (isEnded) response.end();
        else resolve({ user });
      });
    });
  }

  const look = () => {};
  return {
    async create(user) {
      const { cookie } = await serve(undefined, (session) => Object.assign(session, { user }), true);
      const [pair] = String(cookie).split(';');
      const id = decodeURIComponent(pair).replace(/^connect\.sid=s:(.*)\..*$/, '$1');
      return { pair, id };
    },
    findInStore: ({ id }) => promisify((done) => store.get(id, done))(),
    find: ({ pair }) => serve(pair, look, false),
    findAndUse: ({ pair }) => serve(pair, look, true),
  };
}
