/**
 * The core of session-init: the machine, the orchestrator around it, the messages, the ports, and the adapters that need
 * no package of their own.
 *
 * @packageDocumentation
 */

export { type StaticAuthenticatorOptions, staticAuthenticator } from './adapters/authenticators/static.js';
export { allowAllAuthorizer } from './adapters/authorizers/allow-all.js';
export { type GroupsAuthorizerOptions, groupsAuthorizer } from './adapters/authorizers/groups.js';
export {
  type AccessRule,
  type ClaimValue,
  type ExpectedClaims,
  type RulesAuthorizerOptions,
  rulesAuthorizer,
} from './adapters/authorizers/rules.js';
export type {
  GuessAnswer,
  GuessAttempt,
  GuessBusy,
  GuessLocked,
  GuessPlace,
  GuessRules,
  GuessStore,
  GuessVerdict,
} from './adapters/guess-store.js';
export type {
  Authenticated,
  AuthenticationOutcome,
  Authenticator,
  AuthorizationOutcome,
  AuthorizationRequest,
  Authorizer,
  CallOptions,
  Credentials,
  DenialCause,
  Denied,
  Identity,
  SessionCreation,
  SessionEndCause,
  SessionEndListener,
  SessionManager,
  SessionPage,
  SessionRequest,
} from './adapters/ports.js';
export type { SessionLifetimeOptions, SessionLimitPolicy } from './adapters/session-lifetime.js';
export { type MemorySessionManagerOptions, memorySessionManager } from './adapters/session-managers/memory.js';
export { hashSessionSecret, newSessionSecret } from './adapters/session-secret.js';
export { DEFAULT_DEADLINES, type Deadlines } from './machines/deadlines.js';
export { Escrow } from './machines/escrow.js';
export { machineHash } from './machines/machine-hash.js';
export type { OrphanReport } from './machines/orphan-removal.js';
export type { SessionInitEngine, Step } from './machines/run-session-init.js';
export {
  type AdmissionDecision,
  type AdmissionRequest,
  type CancelRequest,
  type EstablishmentRequest,
  type ResponseReady,
  type SessionInitContext,
  type SessionInitInput,
  type SessionInitMachine,
  sessionInitMachine,
} from './machines/session-init.js';
export { type Backends, type SessionInitActorsOptions, sessionInitActors } from './machines/session-init-actors.js';
export { type Failure, TERMINAL_STATES, type TerminalState } from './machines/terminal-states.js';
export type { PathStep } from './model/backend-path.js';
export { type Clock, systemClock } from './model/clock.js';
export type { WireProfile } from './model/date-time.js';
export { decodeSessionInitResponse } from './model/decode-response.js';
export { type EncodeOptions, encodeSessionInitResponse } from './model/encode-response.js';
export {
  BackendFaultError,
  ClosedError,
  ConfigurationError,
  DeadlineExceededError,
  DefectError,
  MissingPackageError,
  OverloadedError,
  SessionInitError,
  type SessionInitErrorOptions,
} from './model/errors.js';
export { FailedSessionInitInfo, type FailedSessionInitInfoProperties } from './model/failed-session-init-info.js';
export { FAILURE_CODES, FAILURE_REASONS, type FailureCode, type FailureReason } from './model/failure-reason.js';
export type {
  InitRecording,
  RecordedActor,
  RecordedAnswer,
  RecordedCancel,
  RecordedFault,
  RecordedInput,
} from './model/init-recording.js';
export { Secret } from './model/secret.js';
export { FullAuthSession, type FullAuthSessionProperties, Session, type SessionProperties } from './model/session.js';
export {
  decodeSessionInitMessage,
  encodeSessionInitMessage,
  MalformedSessionInitMessage,
  SessionInitMessage,
} from './model/session-init-message.js';
export {
  type SessionInitData,
  SessionInitResponse,
  type SessionInitResponseProperties,
} from './model/session-init-response.js';
export type { AdmissionOptions } from './orchestration/admission.js';
export type { FaultReport, OrchestratorEvents, SessionEnded } from './orchestration/events.js';
export type { InitRecord } from './orchestration/init-record.js';
export type { InitInspector } from './orchestration/inspectors.js';
export type { ThrottleLimit, ThrottleOptions } from './orchestration/throttle.js';
export {
  createSessionOrchestrator,
  type DrainReport,
  type InitOptions,
  type InitUnderWay,
  type SessionOrchestrator,
  type SessionOrchestratorOptions,
} from './orchestrator.js';
