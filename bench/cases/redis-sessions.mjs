import { redisSessionManager } from '../../dist/adapters/session-managers/redis.js';
import { allowAllAuthorizer, createSessionOrchestrator, staticAuthenticator } from '../../dist/index.js';
import { expressSessions } from '../by-hand/express-sessions.mjs';
import { timed } from '../harness/timed.mjs';
import { hasFrameworks } from '../support/frameworks.mjs';
import { startRedis } from '../support/redis.mjs';

export const variants = [...(hasFrameworks() ? ['connect-redis'] : []), 'session-init'];
export const unit = 'us';

const SESSIONS = 1_000;
const AT_ONCE = 64;

/** Look-ups of sessions in Redis, beside those of express-session with connect-redis; 64 at once. */
export async function createVariant(variant, { milliseconds }) {
  const url = await startRedis();
  const { create, ...ways } = await (variant === 'connect-redis' ? expressSessions(url) : orchestrated(url));
  const sessions = [];
  for (let index = 0; index < SESSIONS; index++) sessions.push(await create(`user-${index}`));
  return {
    workloads: {
      'the store alone': () => lookUps(milliseconds, sessions, ways.findInStore),
      'look-up for a request': () => lookUps(milliseconds, sessions, ways.find),
      'look-up, and mark as used': () => lookUps(milliseconds, sessions, ways.findAndUse),
    },
  };
}

async function orchestrated(url) {
  const sessionManager = redisSessionManager({ url });
  const authenticator = staticAuthenticator({ users: {} });
  const orchestrator = createSessionOrchestrator({ authenticator, authorizer: allowAllAuthorizer(), sessionManager });
  const { signal } = new AbortController();
  return {
    async create(user) {
      const { session } = await sessionManager.create({ user, ipAddress: '127.0.0.1' }, { signal });
      return session.session_secret;
    },
    findInStore: (secret) => sessionManager.findBySecret(secret),
    find: (secret) => orchestrator.findBySecret(secret.reveal()),
    async findAndUse(secret) {
      const session = await orchestrator.findBySecret(secret.reveal());
      return orchestrator.refresh(session.session_id);
    },
  };
}

function lookUps(milliseconds, sessions, find) {
  let next = 0;
  const lookUp = async () => {
    const index = next++ % SESSIONS;
    const { user } = await find(sessions[index]);
    if (user !== `user-${index}`) throw new Error(`The session of user-${index} was to be found.`);
  };
  return timed(milliseconds, async () => {
    await Promise.all(Array.from({ length: AT_ONCE }, lookUp));
    return AT_ONCE;
  });
}
