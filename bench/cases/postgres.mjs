import { postgresSessionManager } from '../../dist/adapters/session-managers/postgres.js';
import { Secret } from '../../dist/index.js';
import { postgresSessionsByHand } from '../by-hand/postgres-sessions.mjs';
import { timed } from '../harness/timed.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { callOptions } from '../support/with-authenticator.mjs';

export const variants = ['bare', 'session-init'];
export const unit = 'us';

const USERS = 2_000;
const SESSIONS = 2_000;
const AT_ONCE = [1, 64, 512];

/** Sessions created and found in PostgreSQL, by the session manager and by `pg` alone, on the same tables. */
export async function createVariant(variant, { milliseconds }) {
  const where = await startPostgres('SELECT');
  // A machine that does something else, too, may be slow.
  const options = { ...where, timeout: 60_000 };
  const limiting = postgresSessionManager(options);
  await limiting.open();
  const sessions =
    variant === 'bare'
      ? postgresSessionsByHand(where)
      : withManagers(limiting, postgresSessionManager({ ...options, limitPolicy: 'allow' }));
  const secrets = [];
  for (let i = 0; i < SESSIONS; i++) secrets.push((await sessions.createLimited(`user-${i % USERS}`)).secret);
  let next = 0;

  const asks = {
    'a session created, 100 for a user': () => sessions.createLimited(`user-${next++ % USERS}`),
    'a session created, no limit': () => sessions.createUnlimited(`user-${next++ % USERS}`),
    'a session found by its secret': () => sessions.find(secrets[next++ % SESSIONS]),
  };
  const workloads = {};
  for (const [name, ask] of Object.entries(asks)) {
    for (const calls of AT_ONCE) {
      workloads[`${name}, ${calls === 1 ? 'one by one' : `${calls} at once`}`] = () =>
        timed(milliseconds, async () => {
          const found = await Promise.all(Array.from({ length: calls }, ask));
          if (found.some((session) => !session?.user.startsWith('user-'))) throw new Error('No session has come.');
          return calls;
        });
    }
  }
  return { workloads };
}

function withManagers(limiting, allowing) {
  const create = (manager) => async (user) => {
    const { session } = await manager.create({ user, ipAddress: '127.0.0.1' }, callOptions());
    return { user: session.user, secret: session.session_secret.reveal() };
  };
  return {
    createLimited: create(limiting),
    createUnlimited: create(allowing),
    find: (secret) => limiting.findBySecret(new Secret(secret), callOptions()),
  };
}
