import { ConfigurationError } from '../model/errors.js';
import { answeringCases } from './authenticator-contract/answering.js';
import { callingCases, faultCases } from './authenticator-contract/calling.js';
import { type KnownUser, type MakeAuthenticator, Stage } from './authenticator-contract/stage.js';
import { type ContractCase, contractCases } from './contract-case.js';

export type { KnownUser, MakeAuthenticator } from './authenticator-contract/stage.js';

/** Options of {@link authenticatorContract}. */
export interface AuthenticatorContractOptions {
  /** Makes an authenticator that knows `users`. A case may ask for more than one. The suite closes what it got. */
  create: MakeAuthenticator;
  /** Two at least, with secrets that differ. Neither knows a user `no-such-user`. */
  users: readonly KnownUser[];
  /** Makes one whose backend is down. Without it, the case of a fault is left out. */
  createBroken?: MakeAuthenticator;
  /** Called when a case is over, whatever came of it, after its authenticators were closed. */
  cleanUp?: () => void | Promise<void>;
  /** How many calls come at once. @defaultValue 30 */
  parallelCalls?: number;
}

/**
 * The contract of an `Authenticator`, as cases for any test runner: who is let in and who is not, a no as a value and a
 * fault as an error, secrets verified whole and shown nowhere, hostile names, calls at once, aborts, closing.
 *
 * @example With Node's own runner
 * ```ts
 * import test from 'node:test';
 * import { staticAuthenticator } from 'session-init';
 * import { authenticatorContract } from 'session-init/testing';
 *
 * const users = [
 *   { username: 'ada', secret: 'Marked-Secret-1' },
 *   { username: 'bob', secret: 'Marked-Secret-2' },
 * ];
 * const known = Object.fromEntries(users.map(({ username, secret }) => [username, secret]));
 * // Put your own in place of the static one.
 * const cases = authenticatorContract({ create: () => staticAuthenticator({ users: known }), users });
 * for (const { name, run } of cases) test(name, run);
 * ```
 *
 * @throws ConfigurationError if the users do not serve
 */
export function authenticatorContract(options: AuthenticatorContractOptions): readonly ContractCase[] {
  const { create, users, createBroken, cleanUp, parallelCalls = 30 } = options;
  const problems = [
    users.length >= 2 ? '' : 'There must be two users at least.',
    users.every(({ secret }) => secret.length >= 8) ? '' : 'A secret must have 8 characters at least.',
    new Set(users.map(({ secret }) => secret)).size === users.length ? '' : 'The secrets of the users must differ.',
  ].filter((problem) => problem !== '');
  if (problems.length > 0) throw new ConfigurationError(`authenticatorContract: ${problems.join(' ')}`, { problems });
  const cases = { ...answeringCases, ...callingCases, ...(createBroken && faultCases(createBroken)) };
  return contractCases(cases, () => new Stage({ create, users, parallelCalls, cleanUp }));
}
