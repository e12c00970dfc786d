import type { Clock } from '../../../model/clock.js';
import type { Secret } from '../../../model/secret.js';
import type { CallOptions } from '../../ports.js';
import type { UsedSteps } from '../../used-steps.js';

/** Options of {@link totpAuthenticator}. Period, digits and algorithm are those that the users' apps were told. */
export interface TotpAuthenticatorOptions {
  /**
   * Looks up the secret of a user, in Base32, of 16 to 64 bytes; undefined if the user has none. Either this or `path` must
   * be given.
   */
  secretOf?: (user: string, options: CallOptions) => Secret | undefined | Promise<Secret | undefined>;
  /**
   * A JSON file with the secrets: `{"secrets": {"ada": "…"}}`. Its mode should be 0600. A change is taken with the next code,
   * so replace it in one step, by renaming. A relative path starts from the working directory.
   */
  path?: string;
  /** What the authenticator is called, in messages and in the paths of compositions. @defaultValue `'totp'` */
  name?: string;
  /** Seconds that a code is shown for, at most 3600. @defaultValue 30 */
  period?: number;
  /** How many digits a code has. @defaultValue 6 */
  digits?: 6 | 7 | 8;
  /** With which hash codes are made. Many apps know no other than SHA-1, which is not weak here. @defaultValue `'sha1'` */
  algorithm?: 'sha1' | 'sha256' | 'sha512';
  /**
   * How many periods a code may be early or late, from 0 to 10: users are slow, and clocks differ. Each lets a guess be right
   * for two codes more.
   *
   * @defaultValue 1
   */
  window?: number;
  /**
   * Where the codes that were used are remembered. Several nodes need a store that they share: `usedStepsInRedis`,
   * `usedStepsInPostgres`, or your own. It is closed with the authenticator.
   *
   * @defaultValue in memory
   */
  usedSteps?: UsedSteps;
  /** Milliseconds that one authentication may take in all. @defaultValue 4000 */
  timeout?: number;
  /** @defaultValue the system's clock */
  clock?: Clock;
}
