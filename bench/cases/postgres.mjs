import { postgresSessionManager } from '../../dist/adapters/session-managers/postgres.js';
import { Secret } from '../../dist/index.js';
import { postgresSessionsByHand } from '../by-hand/postgres-sessions.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { sessionWorkloads } from '../support/session-workloads.mjs';
import { callOptions } from '../support/with-authenticator.mjs';

export const variants = ['bare', 'session-init'];
export const unit = 'us';

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
  const creations = {
    'a session created, 100 for a user': sessions.createLimited,
    'a session created, no limit': sessions.createUnlimited,
  };
  return { workloads: await sessionWorkloads(milliseconds, creations, sessions.find) };
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
