import type { FailedSessionInitInfo } from './failed-session-init-info.js';
import { type FullAuthSession, Session } from './session.js';

/** What a response carries: a session, or why there is none. */
export type SessionInitData = FullAuthSession | Session | FailedSessionInitInfo;

/** The properties of a {@link SessionInitResponse}. */
export interface SessionInitResponseProperties {
  success: boolean;
  reason: string;
  /** @defaultValue `''` */
  message?: string | undefined;
  data: SessionInitData;
}

/**
 * The one answer to a request for a session (seed, sections 1 to 4). `JSON.stringify` of it is safe to log;
 * `encodeSessionInitResponse` writes what goes to the client.
 */
export class SessionInitResponse {
  /** Whether a session was established. Never true unless `data` is a session, whatever was said. */
  readonly success: boolean;
  /** A very short summary. The reason of a failure is `data.reason`. */
  readonly reason: string;
  /** A longer explanation, or an empty string. */
  readonly message: string;
  readonly data: SessionInitData;

  constructor(properties: SessionInitResponseProperties) {
    this.success = properties.success && properties.data instanceof Session;
    this.reason = properties.reason;
    this.message = properties.message ?? '';
    this.data = properties.data;
  }
}
