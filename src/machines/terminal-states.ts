import { FailedSessionInitInfo } from '../model/failed-session-init-info.js';
import { FAILURE_CODES, type FailureCode, type FailureReason } from '../model/failure-reason.js';
import type { FullAuthSession } from '../model/session.js';
import { SessionInitResponse } from '../model/session-init-response.js';

/** One way for an init to end. */
interface Ending {
  /** The reason that the response gives; none for the one success. */
  readonly reason: FailureReason | undefined;
  /** The code that the response carries unless the cause has a finer one. */
  readonly code: FailureCode | undefined;
  readonly description: string;
}

/**
 * How each terminal state of the machine answers. This table is the one place where an end is mapped to a reason
 * (promise P4); the machine's final states are made from it.
 */
export const TERMINAL_STATES = {
  authorized: {
    reason: undefined,
    code: undefined,
    description: 'The session is established.',
  },
  authenticationDenied: {
    reason: 'AUTHENTICATION_DENIED',
    code: 'authentication_denied',
    description: 'The authenticator said no: the user is unknown or the secret is wrong.',
  },
  notAuthorized: {
    reason: 'USER_NOT_AUTHORIZED',
    code: 'user_not_authorized',
    description: 'The user is who they say, and may not have a session.',
  },
  authenticationSystemFailed: {
    reason: 'AUTHENTICATION_SYS_FAIL',
    code: 'authentication_sys_fail',
    description: 'The authenticator failed, for a cause other than the credentials.',
  },
  authAttemptTimedOut: {
    reason: 'AUTH_ATTEMPT_TIMEOUT',
    code: 'auth_attempt_timeout',
    description: 'The authenticator or the authorizer did not answer within its deadline.',
  },
  requestTimedOut: {
    reason: 'REQUEST_TIMED_OUT',
    code: 'request_timed_out',
    description: 'The whole init did not finish within the request deadline.',
  },
  sessionDetailsMissing: {
    reason: 'SESSION_DETAILS_MISSING',
    code: 'session_details_missing',
    description: 'Both checks passed, but the session manager returned no valid session.',
  },
  sessionManagerFailed: {
    reason: 'SESSION_MANAGER_FAIL',
    code: 'session_manager_fail',
    description: 'Both checks passed, but the session manager failed or did not answer in time.',
  },
  refused: {
    reason: 'OTHER',
    code: 'cancelled',
    description:
      'Turned away for a reason that the code names: too many failed attempts, no room, a malformed request, a caller who left.',
  },
  failedUnexpectedly: {
    reason: 'UNKNOWN',
    code: 'unknown',
    description: 'A defect: anything that no other state explains.',
  },
} as const satisfies Record<string, Ending>;

/** The name of a terminal state of the machine. */
export type TerminalState = keyof typeof TERMINAL_STATES;

/** What is known of the cause when an init fails. */
export interface Failure {
  /** Finer than the terminal state's own code. */
  code?: FailureCode | undefined;
  /** In place of the code's own sentence. It goes to the client. */
  details?: string | undefined;
  /** Whole seconds. */
  retryAfter?: number | undefined;
  /** The full cause, for the operator. It never goes to the client. */
  cause?: unknown;
}

/** What a response is made from. */
export interface Answerable {
  /** The asserted user; empty if there was none. */
  readonly user: string;
  readonly referenceId: string;
  /** The wall-clock time, in milliseconds since the epoch. */
  readonly now: () => number;
  readonly session: FullAuthSession | undefined;
  readonly failure: Failure | undefined;
}

/** The response that an init which ended in `state` gets. */
export function respond(state: TerminalState, init: Answerable): SessionInitResponse {
  const { reason, code: usualCode }: Ending = TERMINAL_STATES[state];
  if (reason === undefined && init.session !== undefined) {
    return new SessionInitResponse({ success: true, reason: 'Successful Auth', data: init.session });
  }
  const code = init.failure?.code ?? usualCode ?? 'unknown';
  const details = init.failure?.details ?? FAILURE_CODES[code];
  return new SessionInitResponse({
    success: false,
    reason: 'Failed Auth',
    message: details,
    data: new FailedSessionInitInfo({
      user: init.user,
      reason: reason ?? 'UNKNOWN',
      fail_time: new Date(init.now()),
      details,
      code,
      reference_id: init.referenceId,
      retry_after: init.failure?.retryAfter,
    }),
  });
}
