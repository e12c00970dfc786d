import type { AuthorizationRequest } from '../adapters/ports.js';
import { ConfigurationError } from '../model/errors.js';
import { authorizerCases, faultCases } from './authorizer-contract/cases.js';
import { type MakeAuthorizer, Stage } from './authorizer-contract/stage.js';
import { type ContractCase, contractCases } from './contract-case.js';

export type { MakeAuthorizer } from './authorizer-contract/stage.js';

/** Options of {@link authorizerContract}. */
export interface AuthorizerContractOptions {
  /** Makes an authorizer. A case may ask for more than one. The suite closes what it got. */
  create: MakeAuthorizer;
  /** Who may have a session: one at least. */
  allowed: readonly AuthorizationRequest[];
  /** Who may not. @defaultValue nobody */
  denied?: readonly AuthorizationRequest[];
  /** Makes one whose backend is down. Without it, the case of a fault is left out. */
  createBroken?: MakeAuthorizer;
  /** Called when a case is over, whatever came of it, after its authorizers were closed. */
  cleanUp?: () => void | Promise<void>;
  /** How many calls come at once. @defaultValue 100 */
  parallelCalls?: number;
}

/**
 * The contract of an `Authorizer`, as cases for any test runner: everybody gets the answer that is due to them, a no as
 * a value and a fault as an error, by no trick of names, at once with others and after an abort.
 *
 * @example With Node's own runner
 * ```ts
 * import test from 'node:test';
 * import { groupsAuthorizer } from 'session-init';
 * import { authorizerContract } from 'session-init/testing';
 *
 * const cases = authorizerContract({
 *   create: () => groupsAuthorizer({ anyOf: ['staff'] }),
 *   allowed: [{ user: 'ada', groups: ['staff'] }],
 *   denied: [{ user: 'eve', groups: ['guests'] }],
 * });
 * for (const { name, run } of cases) test(name, run);
 * ```
 *
 * @throws ConfigurationError if nobody is allowed
 */
export function authorizerContract(options: AuthorizerContractOptions): readonly ContractCase[] {
  const { create, allowed, denied = [], createBroken, cleanUp, parallelCalls = 100 } = options;
  if (allowed.length === 0) throw new ConfigurationError('authorizerContract needs somebody in `allowed`.');
  const cases = { ...authorizerCases, ...(createBroken && faultCases(createBroken)) };
  return contractCases(cases, () => new Stage({ create, allowed, denied, parallelCalls, cleanUp }));
}
