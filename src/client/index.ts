/**
 * The client: asks a server for a session, in Node and in the browser.
 *
 * @packageDocumentation
 */

export {
  type ClientCancelRequest,
  type ClientConnection,
  type ClientContext,
  type ClientInput,
  type ClientMachine,
  clientMachine,
  DEFAULT_CLIENT_DEADLINE,
  type ExchangeRequest,
} from '../machines/client.js';
export { clientActors } from '../machines/client-actors.js';
export type { Answer } from '../machines/client-answer.js';
export type { Clock } from '../model/clock.js';
export { ConfigurationError, SessionInitError, type SessionInitErrorOptions } from '../model/errors.js';
export { FailedSessionInitInfo, type FailedSessionInitInfoProperties } from '../model/failed-session-init-info.js';
export type { FailureCode, FailureReason } from '../model/failure-reason.js';
export { Secret } from '../model/secret.js';
export { FullAuthSession, type FullAuthSessionProperties, Session, type SessionProperties } from '../model/session.js';
export { type MalformedSessionInitMessage, SessionInitMessage } from '../model/session-init-message.js';
export {
  type SessionInitData,
  SessionInitResponse,
  type SessionInitResponseProperties,
} from '../model/session-init-response.js';
export {
  type ClientInitMessage,
  type ClientInitOptions,
  type ConnectOptions,
  connect,
  type SessionClient,
} from './connect.js';
export type { ConnectionClosed } from './connection.js';
export type { SessionEnded } from './frames.js';
export { requestSession } from './request-session.js';
export type { ClientTlsOptions } from './web-socket.js';
