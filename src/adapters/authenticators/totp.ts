import { hash } from 'node:crypto';
import { BackendFaultError, ClosedError, SessionInitError } from '../../model/errors.js';
import type { Abortable } from '../../model/lazy-signal.js';
import { Secret } from '../../model/secret.js';
import { withDeadline } from '../../model/with-deadline.js';
import type { Authenticator, CallOptions, DenialCause } from '../ports.js';
import { checkOptions } from './totp/check-options.js';
import { crypto } from './totp/crypto.js';
import { loadOtplib, type Otplib } from './totp/load-otplib.js';
import type { TotpAuthenticatorOptions } from './totp/options.js';
import { secretsFile } from './totp/secrets-file.js';
import { SECRET_PROBLEM, sharedSecret } from './totp/shared-secret.js';

export type { UsedSteps } from '../used-steps.js';
export type { TotpAuthenticatorOptions } from './totp/options.js';

/** An authenticator whose secrets are one-time codes. */
export interface TotpAuthenticator extends Authenticator {
  /**
   * Reads the file of secrets, if they are in one, so that a service can refuse to start without it.
   *
   * @throws ConfigurationError with every problem, if the file cannot be used
   * @throws MissingPackageError if otplib is not installed
   */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** What is known of a secret by its key is of no use elsewhere. */
const KEY_CONTEXT = Buffer.from('session-init: steps used of ');

/**
 * Verifies the code that an app on a user's phone shows (RFC 6238), given as `oneTimeCode`, or else as the secret. It proves
 * that somebody has that phone, and nothing of a password: it is the second factor of `allOf`, never the only one.
 *
 * Each code is taken once, whoever gives it, in whatever spelling of the user's name. A wrong code, one that was used and
 * one that is too early or late are denied as `wrongSecret`, `codeUsed` and `wrongSecret`; a user who has no secret as
 * `unknownUser`, after as long as with a wrong code. Whoever guesses is slowed down by the throttle of the orchestrator
 * alone: do not turn that off.
 *
 * @throws ConfigurationError with every problem of the options
 *
 * @example
 * ```ts
 * import { allOf } from 'session-init/adapters/chain';
 * import { totpAuthenticator } from 'session-init/adapters/totp';
 * import { usersFileAuthenticator } from 'session-init/adapters/users-file';
 *
 * const passwords = usersFileAuthenticator({ path: 'users.json' });
 * const codes = totpAuthenticator({ path: 'totp.json' });
 * const authenticator = allOf([passwords, codes], { split: ',' });
 * ```
 */
export function totpAuthenticator(options: TotpAuthenticatorOptions): TotpAuthenticator {
  const { name, secretOf, path, period, digits, algorithm, window, usedSteps, timeout, clock } = checkOptions(options);
  const readFile = path === undefined ? undefined : secretsFile(name, path);
  const isCode = new RegExp(`^\\d{${digits}}$`);
  let decoy: Secret | undefined;
  let isClosed = false;

  async function lookUp(user: string, callOptions: CallOptions): Promise<Secret | undefined> {
    if (readFile !== undefined) return (await readFile()).get(user);
    const secret: unknown = await ask('secretOf', async () => secretOf?.(user, callOptions));
    if (secret === undefined || secret instanceof Secret) return secret;
    throw new BackendFaultError(`${name}: secretOf must give a Secret or undefined, and gave something else.`);
  }

  /** @returns the step whose code it is */
  function stepOf({ verifySync }: Otplib, secret: Uint8Array, code: string): number | undefined {
    const epoch = Math.floor(clock.now() / 1_000);
    const epochTolerance = window * period;
    const verified = verifySync({ secret, token: code, epoch, period, digits, algorithm, epochTolerance, crypto });
    return verified.valid && 'timeStep' in verified ? verified.timeStep : undefined;
  }

  /** One secret in two spellings of a user's name has one key, and so has one that users share. */
  async function claim(secret: Uint8Array, step: number, callOptions: CallOptions): Promise<boolean> {
    const key = hash('sha256', Buffer.concat([KEY_CONTEXT, secret]), 'hex').slice(0, 32);
    const expiresAt = (step + window + 1) * period * 1_000;
    const isFirst: unknown = await ask('usedSteps', () => usedSteps.claim(key, step, expiresAt, callOptions));
    if (typeof isFirst === 'boolean') return isFirst;
    throw new BackendFaultError(`${name}: usedSteps.claim must give true or false, and gave something else.`);
  }

  async function ask<Answer>(what: string, call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (cause) {
      if (cause instanceof SessionInitError) throw cause;
      throw new BackendFaultError(`${name}: ${what} failed.`, { cause });
    }
  }

  async function verify(user: string, code: string, callOptions: Abortable): Promise<DenialCause | undefined> {
    const otplib = await loadOtplib(name);
    const found = await lookUp(user, callOptions);
    decoy ??= new Secret(otplib.generateSecret());
    const secret = sharedSecret(otplib, (found ?? decoy).reveal());
    if (secret === undefined) throw new BackendFaultError(`${name}: the secret of a user ${SECRET_PROBLEM}.`);
    const step = isCode.test(code) ? stepOf(otplib, secret, code) : undefined;
    if (found === undefined) return 'unknownUser';
    if (step === undefined) return 'wrongSecret';
    callOptions.throwIfAborted();
    return (await claim(secret, step, callOptions)) ? undefined : 'codeUsed';
  }

  return {
    name,
    isSecondFactor: true,

    async open() {
      await loadOtplib(name);
      await readFile?.();
    },

    async authenticate({ username, secret, oneTimeCode }, caller) {
      if (isClosed) throw new ClosedError(name);
      const ask = (call: Abortable) => verify(username, (oneTimeCode ?? secret).reveal(), call);
      const cause = await withDeadline(clock, timeout, `${name}.authenticate`, ask, caller);
      // A code is worth nothing the second time, so no cache may repeat the yes.
      if (cause === undefined) return { outcome: 'authenticated', user: username, expiresAt: 0 };
      return { outcome: 'denied', cause };
    },

    async close() {
      isClosed = true;
      await usedSteps.close?.();
    },
  };
}
