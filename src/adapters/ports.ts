import type { PathStep } from '../model/backend-path.js';
import type { Secret } from '../model/secret.js';
import type { FullAuthSession } from '../model/session.js';

/**
 * The three ports behind which the backends are. Every method returns a promise. An expected refusal is a value; a
 * rejection means that the backend is at fault, and never counts as a denial. A rejection with `OverloadedError`
 * refuses the init with a retry hint.
 */
export interface CallOptions {
  /**
   * Aborted when nobody waits for the answer any more: the deadline has passed or the caller has gone. To heed it saves
   * work; nothing depends on it.
   */
  signal: AbortSignal;
}

/** Why a backend said no: for the operator's log and for composition. Clients never see it. */
export type DenialCause = 'unknownUser' | 'wrongSecret' | 'locked' | 'disabled' | 'expired' | (string & {});

/** A no, as a value. */
export interface Denied {
  outcome: 'denied';
  cause?: DenialCause | undefined;
}

/** Who somebody is, as an authenticator found. */
export interface Identity {
  /** The name of the user in the backend; it need not be the one that was asserted. */
  user: string;
  groups?: readonly string[] | undefined;
  /** Whatever else the backend knows of the user, for the authorizer. */
  claims?: Readonly<Record<string, unknown>> | undefined;
}

/** What is asserted: a user name and the secret that proves it. */
export interface Credentials {
  username: string;
  secret: Secret;
  /** The code of a second factor, if it came apart from the secret. */
  oneTimeCode?: Secret | undefined;
  /** The client's address in canonical form. */
  ipAddress?: string | undefined;
}

/** Who asks for a session, and from where. */
export interface AuthorizationRequest extends Identity {
  /** The client's address in canonical form. */
  ipAddress?: string | undefined;
}

/** A yes of an authenticator. */
export interface Authenticated extends Identity {
  outcome: 'authenticated';
  /**
   * Until when the same credentials would be accepted again, in milliseconds since the epoch: a token's end, or 0 for what
   * can be used once. A cache keeps no yes beyond it.
   */
  expiresAt?: number | undefined;
}

/** What an authenticator answers. `path`: which of its backends said what, if it is made of several. */
export type AuthenticationOutcome = (Authenticated | Denied) & {
  path?: readonly PathStep[] | undefined;
};

/** What an authorizer answers. */
export type AuthorizationOutcome = { outcome: 'authorized' } | Denied;

/** Decides whether the asserted user is who they say. */
export interface Authenticator {
  readonly name: string;
  /** Its yes counts only after that of another one: a one-time code is never the only factor. @defaultValue false */
  readonly isSecondFactor?: boolean | undefined;
  authenticate(credentials: Credentials, options: CallOptions): Promise<AuthenticationOutcome>;
  /** Asks the backend for a sign of life that commits it to nothing. @throws whatever a call would meet */
  probe?(options: CallOptions): Promise<void>;
  close?(): Promise<void>;
}

/** Decides whether a user may have a session. */
export interface Authorizer {
  readonly name: string;
  authorize(request: AuthorizationRequest, options: CallOptions): Promise<AuthorizationOutcome>;
  /** Asks the backend for a sign of life that commits it to nothing. @throws whatever a call would meet */
  probe?(options: CallOptions): Promise<void>;
  close?(): Promise<void>;
}

/** For whom, and from where, a session is created. */
export interface SessionRequest {
  user: string;
  ipAddress: string;
}

/** What {@link SessionManager.create} answers. */
export type SessionCreation =
  | {
      outcome: 'created';
      /** The new session, with its secret: this is the one time that it is known. */
      session: FullAuthSession;
      /** The ids of sessions of the same user that had to go for it (`evictOldest`). */
      evicted?: readonly number[] | undefined;
    }
  /** The user has as many live sessions as allowed, and the policy is `refuse`. */
  | { outcome: 'limitReached' };

/** Which part of a list of sessions, in ascending order of id. */
export interface SessionPage {
  /** Only sessions with a greater id. */
  after?: number | undefined;
  /** At most so many. @defaultValue 1000 */
  limit?: number | undefined;
}

/** How a session ended before its client was done with it. */
export type SessionEndCause = 'removed' | 'expired' | 'evicted';

/** Who wants to know what other nodes do to the sessions of a store that they share. */
export interface SessionEndListener {
  /** Another node has ended a session. It may be told twice, and also of a session that this node knows nothing of. */
  ended(sessionId: number, cause: SessionEndCause): void;
  /** For a while nothing could be heard. What ended meanwhile is not told: who holds a session looks it up. */
  missed(): void;
}

/**
 * Keeps the sessions. It holds only the SHA-256 of a session's secret, enforces the idle time-out and the absolute
 * lifetime on every look-up, and the limit of sessions per user atomically in `create`. A session that is returned by
 * anything but `create` has no `session_secret`.
 */
export interface SessionManager {
  readonly name: string;
  create(request: SessionRequest, options: CallOptions): Promise<SessionCreation>;
  /** The live session that `secret` opens. It is not marked as used: see `refresh`. */
  findBySecret(secret: Secret, options?: CallOptions): Promise<FullAuthSession | undefined>;
  findById(sessionId: number, options?: CallOptions): Promise<FullAuthSession | undefined>;
  /** The live sessions of a user, or of all users if `user` is undefined. */
  listByUser(user: string | undefined, page?: SessionPage, options?: CallOptions): Promise<readonly FullAuthSession[]>;
  /** Marks a live session as used now, which moves its idle limit, never its absolute one. */
  refresh(sessionId: number, options?: CallOptions): Promise<FullAuthSession | undefined>;
  /** @returns whether there was such a session, live or expired */
  remove(sessionId: number, options?: CallOptions): Promise<boolean>;
  /** Removes at most `limit` expired sessions, in one short step. @returns what it removed */
  removeExpired(limit: number, options?: CallOptions): Promise<readonly FullAuthSession[]>;
  /**
   * Tells what other nodes on the same store do to the sessions, within a second, until the returned function is called.
   * What this manager does itself is told by the answers of its methods, and never here.
   */
  watch?(listener: SessionEndListener): () => void;
  /** Asks the store for a sign of life that commits it to nothing. @throws whatever a call would meet */
  probe?(options: CallOptions): Promise<void>;
  close?(): Promise<void>;
}
