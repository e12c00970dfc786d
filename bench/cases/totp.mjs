import { generateSecret, generateSync, verifySync } from 'otplib';
import { totpAuthenticator } from '../../dist/adapters/authenticators/totp.js';
import { Secret, systemClock } from '../../dist/index.js';
import { timed } from '../harness/timed.mjs';
import { withAuthenticator } from '../support/with-authenticator.mjs';

export const variants = ['otplib', 'session-init'];
export const unit = 'us';

const AT_ONCE = 64;
const EPOCH = 1_767_225_600;

/** The codes of 64 users verified, with a window of one period, and each of them taken once. */
export async function createVariant(variant, { milliseconds }) {
  const users = Array.from({ length: AT_ONCE }, (_, index) => {
    const secret = generateSecret();
    return { username: `user-${index}`, secret, token: generateSync({ secret, epoch: EPOCH }) };
  });
  const used = new Set();
  const claim = async (key, step) => used.size < used.add(`${key}:${step}`).size;
  const verify = variant === 'otplib' ? withPackage(users, claim) : withAdapter(users, claim);
  return {
    workloads: {
      [`${AT_ONCE} at once`]: () =>
        timed(milliseconds, async () => {
          used.clear();
          const verified = await Promise.all(users.map(verify));
          if (!verified.every(Boolean)) throw new Error('Every code was to be accepted.');
          return AT_ONCE;
        }),
    },
  };
}

function withPackage(users, claim) {
  const secrets = new Map(users.map(({ username, secret }) => [username, secret]));
  return async ({ username, token }) => {
    const verified = verifySync({ secret: secrets.get(username), token, epoch: EPOCH, epochTolerance: 30 });
    return verified.valid && (await claim(username, verified.timeStep));
  };
}

function withAdapter(users, claim) {
  const secrets = new Map(users.map(({ username, secret }) => [username, new Secret(secret)]));
  const authenticate = withAuthenticator(
    totpAuthenticator({
      secretOf: (user) => secrets.get(user),
      usedSteps: { claim },
      clock: { ...systemClock, now: () => EPOCH * 1_000 },
    }),
  );
  return ({ username, token }) => authenticate(username, token);
}
