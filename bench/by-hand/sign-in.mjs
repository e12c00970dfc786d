import { once } from 'node:events';
import { verify } from '@node-rs/argon2';
import { Pool } from 'undici';
import { importFramework } from '../support/frameworks.mjs';
import { PASSWORD } from '../support/password-users.mjs';

/**
 * Sign-in by better-auth, in process, on its memory adapter. It has its own table of users and its own session; the hash
 * is ours.
 *
 * @returns a function that signs in the user of that index, and throws if that fails
 */
export async function betterAuthSignIn(users) {
  const { betterAuth } = await importFramework('better-auth');
  const { memoryAdapter } = await importFramework('better-auth/adapters/memory');
  let hashes = users.map(({ hash }) => hash).values();
  const auth = betterAuth({
    baseURL: 'http://127.0.0.1',
    secret: 'only-for-a-benchmark-only-for-a-benchmark',
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    emailAndPassword: {
      enabled: true,
      password: { hash: async () => hashes.next().value, verify: ({ hash, password }) => verify(hash, password) },
    },
    rateLimit: { enabled: false },
    logger: { disabled: true },
    telemetry: { enabled: false },
  });
  const email = (username) => `${username}@example.org`;
  for (const { username } of users) {
    await auth.api.signUpEmail({ body: { email: email(username), password: PASSWORD, name: username } });
  }
  hashes = undefined;
  return async (index) => {
    const { username } = users[index];
    const { token } = await auth.api.signInEmail({ body: { email: email(username), password: PASSWORD } });
    if (typeof token !== 'string') throw new Error('better-auth was to give a session.');
  };
}

/**
 * Sign-in by Passport with express-session on its memory store. There is no other way to it than HTTP, so requests come
 * over kept connections from the same process.
 *
 * @returns a function that signs in the user of that index, and throws if that fails
 */
export async function passportSignIn(users) {
  const [{ default: express }, { default: session }, { default: passport }, { Strategy }] = await Promise.all(
    ['express', 'express-session', 'passport', 'passport-local'].map(importFramework),
  );
  const byName = new Map(users.map((user) => [user.username, user]));
  passport.use(
    new Strategy((username, password, done) => {
      const user = byName.get(username);
      verify(user.hash, password).then((matches) => done(null, matches ? user : false), done);
    }),
  );
  passport.serializeUser(({ username }, done) => done(null, username));
  passport.deserializeUser((username, done) => done(null, byName.get(username)));
  const app = express();
  app.use(express.json());
  app.use(session({ secret: 'only-for-a-benchmark', resave: false, saveUninitialized: false }));
  app.use(passport.session());
  app.post('/login', passport.authenticate('local'), (_request, response) => response.json({ success: true }));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pool = new Pool(`http://127.0.0.1:${server.address().port}`, { connections: 64 });
  return async (index) => {
    const body = JSON.stringify({ username: users[index].username, password: PASSWORD });
    const headers = { 'content-type': 'application/json' };
    const {
      statusCode,
      headers: answered,
      body: answer,
    } = await pool.request({ path: '/login', method: 'POST', headers, body });
    await answer.dump();
    if (statusCode !== 200 || !answered['set-cookie']) throw new Error('Passport was to give a session.');
  };
}
