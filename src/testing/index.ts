/**
 * The harness: simulated time, backends that do what they are told, matchers, contract suites for adapters and
 * transports, and paths through the machine.
 *
 * @packageDocumentation
 */

export { assertAuthorized, assertEndedIn, assertNoSecret, assertReason, assertRefusedWith } from './assertions.js';
export {
  type AuthenticatorContractOptions,
  authenticatorContract,
  type KnownUser,
  type MakeAuthenticator,
} from './authenticator-contract.js';
export { type AuthorizerContractOptions, authorizerContract, type MakeAuthorizer } from './authorizer-contract.js';
export type { ContractCase } from './contract-case.js';
export type { ExhaustiveBounds } from './exploration/exhaustive-schedules.js';
export type { MakeBackends, WorldOptions } from './exploration/world.js';
export { type BrokenPromise, type Exploration, type ExploreOptions, explore } from './explore.js';
export { type MatcherResult, type SessionInitMatchers, sessionInitMatchers } from './matchers.js';
export { type InitRecorder, recordInits } from './record-inits.js';
export type { Difference } from './replay/first-difference.js';
export { type Replay, type ReplayOptions, replay } from './replay.js';
export {
  type ScriptedAuthenticator,
  type ScriptedAuthorizer,
  type ScriptedBackendOptions,
  type ScriptedSessionManager,
  scriptedAuthenticator,
  scriptedAuthorizer,
  scriptedSessionManager,
} from './scripted/backends.js';
export { answers, answersWith, type Behaviour, denies, garbles, hangs, throws } from './scripted/behaviour.js';
export type {
  ArgumentsOf,
  MethodOf,
  OutcomeOf,
  RecordedCall,
  Script,
  ScriptedBackend,
} from './scripted/scripted-backend.js';
export { type EndlessSequence, first, type Sequence } from './scripted/sequence.js';
export {
  type ActorEnding,
  type PathCase,
  type PathCoverage,
  type SessionInitPaths,
  type SessionInitPathsOptions,
  sessionInitPaths,
} from './session-init-paths.js';
export {
  type ContractManagerOptions,
  type MakeManager,
  type SessionManagerContractOptions,
  sessionManagerContract,
} from './session-manager-contract.js';
export { type SimulatedClock, type SimulatedClockOptions, simulatedClock } from './simulated-clock.js';
export {
  type BackendScripts,
  createTestOrchestrator,
  type ScriptsOf,
  type TestOrchestrator,
  type TestOrchestratorOptions,
} from './test-orchestrator.js';
export {
  type MakeTransport,
  type TransportClient,
  type TransportContractOptions,
  type TransportUnderTest,
  transportContract,
} from './transport-contract.js';
