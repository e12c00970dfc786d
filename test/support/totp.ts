import { generateSync } from 'otplib';
import { type TotpAuthenticatorOptions, totpAuthenticator } from '../../src/adapters/authenticators/totp.js';
import { Secret } from '../../src/model/secret.js';
import { simulatedClock } from '../../src/testing/index.js';

/** Of the ASCII of `marked-user-secret-1` and so on, in Base32. */
export const ADA = 'NVQXE23FMQWXK43FOIWXGZLDOJSXILJR';
export const BOB = 'NVQXE23FMQWXK43FOIWXGZLDOJSXILJS';
export const SECRETS = new Map([
  ['ada', new Secret(ADA)],
  ['bob', new Secret(BOB)],
]);
export const PERIOD = 30_000;

/** An authenticator under simulated time, and how a code is given to it. */
export function openTotp(options: Partial<TotpAuthenticatorOptions> = {}) {
  const clock = simulatedClock();
  const source = options.path === undefined ? { secretOf: (user: string) => SECRETS.get(user) } : {};
  const authenticator = totpAuthenticator({ clock, ...source, ...options });
  const give = (code: string, username = 'ada') =>
    authenticator.authenticate({ username, secret: new Secret(code) }, new AbortController());
  return { clock, authenticator, give };
}

/** What the app of a user shows. */
export function codeAt(time: number, secret = ADA, options: object = {}): string {
  return generateSync({ secret, epoch: Math.floor(time / 1_000), ...options });
}

export const YES = { outcome: 'authenticated', user: 'ada', expiresAt: 0 };
export const WRONG = { outcome: 'denied', cause: 'wrongSecret' };
export const USED = { outcome: 'denied', cause: 'codeUsed' };
export const UNKNOWN = { outcome: 'denied', cause: 'unknownUser' };

/** What `work` fails with; undefined if it does not. */
export function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
}
