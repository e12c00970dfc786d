import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resilient } from '../../dist/adapters/resilience/index.js';
import { allowAllAuthorizer, createSessionOrchestrator, memorySessionManager } from '../../dist/index.js';
import { quantile } from '../harness/statistics.mjs';
import { requireSession } from '../support/inits.mjs';
import { lineAuthenticator } from '../support/line-authenticator.mjs';
import { offerLoad } from '../support/offered-load.mjs';

const SECRET = 'marked-user-secret-1';
const HEALTHY = 200;
const ON_BLACK_HOLE = 1_000;

/** What stands before the backend that never answers. The time-outs are short, so that each measurement has all of them. */
const GUARDS = {
  'no load': resilient,
  '1,000/s': (backend) => resilient(backend, { deadline: 1_000, breaker: { failures: 5, openFor: 1_000 } }),
  '1,000/s, no breaker': (backend) => resilient(backend, { deadline: 1_000, breaker: false }),
  '1,000/s, unguarded': (backend) => backend,
};

export const variants = Object.keys(GUARDS);
export const unit = 'us';
export const fewerRounds = ({ rounds, quick }) => ({ rounds: quick ? 1 : Math.min(rounds, 7), warmUps: quick ? 0 : 1 });

/**
 * An orchestrator on two backends, one of which is a black hole: how long inits on the other one take while 1,000 inits
 * per second come for the black hole.
 */
export async function createVariant(variant, { quick }) {
  const servers = fork(new URL('../support/line-server-process.mjs', import.meta.url));
  const [ports] = await once(servers, 'message');
  const healthy = lineAuthenticator('healthy', ports.answering);
  const blackHole = GUARDS[variant](lineAuthenticator('black-hole', ports.blackHole));
  const { init } = createSessionOrchestrator({
    authenticator: {
      name: 'by-realm',
      authenticate: (credentials, options) =>
        (credentials.username.endsWith('@black-hole') ? blackHole : healthy).authenticate(credentials, options),
    },
    authorizer: allowAllAuthorizer(),
    sessionManager: memorySessionManager(),
  });
  const ask = async (realm, index) => {
    const message = { username: `user-${index}@${realm}`, user_secret: SECRET };
    return init(message, { ipAddress: `10.0.${index & 255}.${(index >> 8) & 255}` });
  };
  const askBlackHole = async (index) => {
    if ((await ask('black-hole', index)).success) throw new Error('An init was to fail.');
    return true;
  };
  // Without a guard they are refused in the end, and that is how long it takes.
  const askHealthy = async (index) => {
    await ask('healthy', index);
    return true;
  };
  requireSession(await ask('healthy', 0));

  const load = quick ? { settling: 100, milliseconds: 200 } : { settling: 1_000, milliseconds: 4_000 };
  const offered = variant === 'no load' ? 0 : ON_BLACK_HOLE;
  return {
    workloads: {
      async 'p99 on the healthy backend'() {
        const [{ latencies }] = await Promise.all([
          offerLoad(askHealthy, { ...load, perSecond: HEALTHY }),
          offerLoad(askBlackHole, { ...load, perSecond: offered }),
        ]);
        return quantile(latencies, 0.99) * 1_000;
      },
    },
    close: () => servers.kill(),
  };
}
