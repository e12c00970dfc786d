/** Why an attempt has no session. It is thrown, to leave the phases that come after. */
export class Refusal {
  constructor(state, reason, code, { cause, details, retryAfter } = {}) {
    this.state = state;
    this.reason = reason;
    this.code = code;
    this.cause = cause;
    this.details = details;
    this.retryAfter = retryAfter;
  }
}

/** There is no room: in a backend that says so, or here. */
export function overloaded(cause) {
  return new Refusal('refused', 'OTHER', 'overloaded', { cause, retryAfter: cause?.retryAfter ?? 1 });
}

const attemptTimedOut = new Refusal('authAttemptTimedOut', 'AUTH_ATTEMPT_TIMEOUT', 'auth_attempt_timeout');
const managerFailed = ['sessionManagerFailed', 'SESSION_MANAGER_FAIL', 'session_manager_fail'];
const authenticatorFailed = ['authenticationSystemFailed', 'AUTHENTICATION_SYS_FAIL', 'authentication_sys_fail'];

/** For each phase, by the name of its deadline: what it means if it is late, and if it throws. */
export const PHASES = {
  admission: {
    timedOut: overloaded(),
    failed: (cause) => new Refusal('refused', 'OTHER', 'throttle_failed', { cause }),
  },
  authentication: {
    timedOut: attemptTimedOut,
    failed: (cause) => new Refusal(...authenticatorFailed, { cause }),
  },
  authorization: {
    timedOut: attemptTimedOut,
    failed: (cause) => new Refusal('refused', 'OTHER', 'authorizer_failed', { cause }),
  },
  session: {
    timedOut: new Refusal(...managerFailed),
    failed: (cause) => new Refusal(...managerFailed, { cause }),
  },
};
