import { type ContractCase, contractCases } from './contract-case.js';
import { argumentCases } from './session-manager-contract/arguments.js';
import { closingCases } from './session-manager-contract/closing.js';
import { creationCases } from './session-manager-contract/creation.js';
import { expiryCases } from './session-manager-contract/expiry.js';
import { limitCases } from './session-manager-contract/limits.js';
import { raceCases } from './session-manager-contract/races.js';
import { sharingCases } from './session-manager-contract/sharing.js';
import { type Cases, type MakeManager, Stage } from './session-manager-contract/stage.js';

export type { ContractManagerOptions, MakeManager } from './session-manager-contract/stage.js';

/** Options of {@link sessionManagerContract}. */
export interface SessionManagerContractOptions {
  /**
   * Makes a manager on a store of its own that is fresh and empty, with the time-outs, the limit and the clock that it
   * is given. A case may ask for more than one. The suite closes what it got.
   */
  create: MakeManager;
  /**
   * Makes another manager on the store of the manager that `create` made last, for a store that can be shared. Without
   * it, the cases of sharing are left out.
   */
  attach?: MakeManager;
  /** Called when a case is over, whatever came of it, after its managers were closed. For removing its stores. */
  cleanUp?: () => void | Promise<void>;
  /** How many calls come at once where a case makes a race. @defaultValue 1000 */
  parallelCalls?: number;
}

/**
 * The contract of a `SessionManager`, as cases for any test runner: creation and look-up, expiry to the millisecond,
 * the four limit policies in sequence and in races, hostile arguments, paging, a clock that jumps, closing, and,
 * where the store can be shared, two managers on it. Every case has a simulated clock and fresh stores, so cases can run
 * in any order, one at a time.
 *
 * @example With Node's own runner
 * ```ts
 * import test from 'node:test';
 * import { sessionManagerContract } from 'session-init/testing';
 * import { memorySessionManager } from 'session-init';
 *
 * // Put your own in place of the memory's: (options) => mySessionManager({ ...options, url })
 * const cases = sessionManagerContract({ create: (options) => memorySessionManager(options) });
 * for (const { name, run } of cases) test(name, run);
 * ```
 */
export function sessionManagerContract(options: SessionManagerContractOptions): readonly ContractCase[] {
  const { create, attach, cleanUp, parallelCalls = 1_000 } = options;
  const cases: Cases = {
    ...creationCases,
    ...expiryCases,
    ...limitCases,
    ...raceCases,
    ...argumentCases,
    ...closingCases,
    ...(attach && sharingCases),
  };
  return contractCases(cases, () => new Stage(create, attach, parallelCalls, cleanUp));
}
