import { verify } from '@node-rs/argon2';
import { usersFileAuthenticator } from '../../dist/adapters/authenticators/users-file.js';
import { allowAllAuthorizer, createSessionOrchestrator, memorySessionManager } from '../../dist/index.js';
import { betterAuthSignIn, passportSignIn } from '../by-hand/sign-in.mjs';
import { hasFrameworks } from '../support/frameworks.mjs';
import { requireSession } from '../support/inits.mjs';
import { PASSWORD, passwordUsers, writeUsersFile } from '../support/password-users.mjs';

const CONCURRENT = 16;
const USERS = 50;

export const variants = ['bare hash', 'session-init', ...(hasFrameworks() ? ['better-auth', 'Passport'] : [])];
export const unit = 'per second';
export const fewerRounds = ({ rounds, quick }) => ({ rounds: quick ? 1 : Math.min(rounds, 10), warmUps: 1 });

/** Password logins per second, each variant with the same argon2id hashes, and as many at once. */
export async function createVariant(variant, effort) {
  const users = await passwordUsers(USERS, effort);
  const login = await LOGINS[variant](users);
  await login(0);
  return {
    workloads: { [`${CONCURRENT} concurrent`]: () => loginsPerSecond(login, effort.quick ? 100 : 1_500) },
  };
}

const LOGINS = {
  'bare hash': async (users) => async (index) => {
    if (!(await verify(users[index].hash, PASSWORD))) throw new Error('The password was to match.');
  },
  async 'session-init'(users) {
    const authenticator = usersFileAuthenticator({ path: writeUsersFile(users) });
    await authenticator.ready();
    const orchestrator = createSessionOrchestrator({
      authenticator,
      authorizer: allowAllAuthorizer(),
      sessionManager: memorySessionManager(),
    });
    return async (index) => {
      const message = { username: users[index].username, user_secret: PASSWORD };
      requireSession(await orchestrator.init(message, { ipAddress: `10.0.0.${index}` }));
    };
  },
  'better-auth': betterAuthSignIn,
  Passport: passportSignIn,
};

async function loginsPerSecond(login, milliseconds) {
  const begun = performance.now();
  let next = 0;
  let done = 0;
  const work = async () => {
    while (performance.now() - begun < milliseconds) {
      await login(next++ % USERS);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, work));
  return (done * 1000) / (performance.now() - begun);
}
