import { generateSecret, generateSync, verifySync } from 'otplib';
import { totpAuthenticator } from '../../dist/adapters/authenticators/totp.js';
import { Secret, systemClock } from '../../dist/index.js';
import { timed } from '../harness/timed.mjs';

export const variants = ['otplib', 'session-init'];
export const unit = 'us';

const AT_ONCE = 64;
const EPOCH = 1_767_225_600;

/** The codes of 64 users verified, with a window of one period. The adapter also sees to it that each is used once. */
export async function createVariant(variant, { milliseconds }) {
  const users = Array.from({ length: AT_ONCE }, (_, index) => {
    const secret = generateSecret();
    return { username: `user-${index}`, secret, token: generateSync({ secret, epoch: EPOCH }) };
  });
  const verifyAll = variant === 'otplib' ? withPackage(users) : withAdapter(users);
  return {
    workloads: {
      [`${AT_ONCE} at once`]: () =>
        timed(milliseconds, async () => {
          const verified = await verifyAll();
          if (!verified.every(Boolean)) throw new Error('Every code was to be accepted.');
          return AT_ONCE;
        }),
    },
  };
}

function withPackage(users) {
  const verify = async ({ secret, token }) => verifySync({ secret, token, epoch: EPOCH, epochTolerance: 30 }).valid;
  return () => Promise.all(users.map(verify));
}

/** Between two rounds the codes that were used are forgotten. */
function withAdapter(users) {
  const secrets = new Map(users.map(({ username, secret }) => [username, new Secret(secret)]));
  const used = new Set();
  const authenticator = totpAuthenticator({
    secretOf: (user) => secrets.get(user),
    usedSteps: { claim: async (key, step) => used.size < used.add(`${key}:${step}`).size },
    clock: { ...systemClock, now: () => EPOCH * 1_000 },
  });
  const verify = async ({ username, token }) => {
    const { signal } = new AbortController();
    const outcome = await authenticator.authenticate({ username, secret: new Secret(token) }, { signal });
    return outcome.outcome === 'authenticated';
  };
  return () => {
    used.clear();
    return Promise.all(users.map(verify));
  };
}
