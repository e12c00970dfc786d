import { usersFileAuthenticator } from '../../dist/adapters/authenticators/users-file.js';
import { allowAllAuthorizer, memorySessionManager } from '../../dist/index.js';
import { quantile } from '../harness/statistics.mjs';
import { createInit } from '../support/inits.mjs';
import { offerLoad } from '../support/offered-load.mjs';
import { PASSWORD, passwordUsers, writeUsersFile } from '../support/password-users.mjs';

const USERS = 1_000;
const FACTORS = [0.5, 1, 2, 4];

export const variants = ['by hand', 'session-init'];
export const unit = 'per second';
export const units = Object.fromEntries(
  FACTORS.flatMap((factor) => [0.5, 0.99].map((share) => [latency(share, factor), 'us'])),
);
export const scaling = { [goodput(4)]: goodput(1), [goodput(2)]: goodput(1) };
export const fewerRounds = ({ rounds, quick }) => ({ rounds: quick ? 1 : Math.min(rounds, 3), warmUps: 0 });

/**
 * Password logins that are offered at a multiple of what the machine can do, whether or not it keeps up. Goodput is how
 * many of them got a session each second; the latencies are of those.
 */
export async function createVariant(variant, effort) {
  const users = await passwordUsers(USERS, effort);
  const authenticator = usersFileAuthenticator({ path: writeUsersFile(users) });
  await authenticator.ready();
  const backends = { authenticator, authorizer: allowAllAuthorizer(), sessionManager: memorySessionManager() };
  const init = createInit(variant, backends);
  const ask = async (index) => {
    const message = { username: users[index % USERS].username, user_secret: PASSWORD };
    const { success, data } = await init(message, { ipAddress: `10.0.${index & 255}.${(index >> 8) & 255}` });
    if (!success && data.code !== 'overloaded') throw new Error(`An init was to succeed or be refused: ${data.code}`);
    return success;
  };
  const capacity = await capacityOf(ask, effort);

  const runs = new Map();
  async function figure(factor, name) {
    // One run gives several figures, and each is asked for once in a round.
    if (!runs.get(factor)?.has(name)) runs.set(factor, await measure(factor));
    const figures = runs.get(factor);
    const value = figures.get(name);
    figures.delete(name);
    return value;
  }

  async function measure(factor) {
    const load = effort.quick ? { settling: 50, milliseconds: 150 } : { settling: 4_000, milliseconds: 3_000 };
    const run = await offerLoad(ask, { perSecond: capacity * factor, ...load });
    return new Map([
      [goodput(factor), run.goodput],
      ...[0.5, 0.99].map((share) => [latency(share, factor), quantile(run.latencies, share) * 1000]),
    ]);
  }

  const names = (factor) => [goodput(factor), latency(0.5, factor), latency(0.99, factor)];
  return {
    workloads: Object.fromEntries(
      FACTORS.flatMap((factor) => names(factor).map((name) => [name, () => figure(factor, name)])),
    ),
  };
}

/** How many a second get a session if a few ask, each again as soon as it has its answer. */
async function capacityOf(ask, { quick }) {
  const milliseconds = quick ? 100 : 2_000;
  const begun = performance.now();
  let done = 0;
  const work = async () => {
    while (performance.now() - begun < milliseconds) {
      await ask(done);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return (done * 1000) / (performance.now() - begun);
}

function goodput(factor) {
  return `goodput at ${factor}x capacity`;
}

function latency(share, factor) {
  return `p${share * 100} at ${factor}x capacity`;
}
