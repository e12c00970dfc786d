import type { FailureCode, InitRecord } from '../../index.js';

/** How an init that has ended in a certain way is logged. */
interface AuditEvent {
  /**
   * A name of the OWASP Logging Vocabulary. It has none for a system that fails or has too much to do, so there are two
   * of our own: a fault must never be counted as a failed login (promise P7).
   */
  readonly event:
    | 'authn_login_success'
    | 'authn_login_fail'
    | 'authn_login_lock'
    | 'authz_fail'
    | 'excess_rate_limit_exceeded'
    | 'input_validation_fail'
    | 'session_init_refused'
    | 'session_init_fault';
  readonly level: 'info' | 'warn' | 'error';
  readonly outcome: 'success' | 'failure' | 'fault';
}

const REFUSED = { event: 'session_init_refused', level: 'info', outcome: 'failure' } as const;
const FAULT = { event: 'session_init_fault', level: 'error', outcome: 'fault' } as const;

/** The event of an init that has a session. */
const SUCCESS = {
  event: 'authn_login_success',
  level: 'info',
  outcome: 'success',
} as const satisfies AuditEvent;

/** The event of an init that has none, by the code of its failure. */
export const FAILURE_EVENTS = {
  authentication_denied: { event: 'authn_login_fail', level: 'info', outcome: 'failure' },
  locked: { event: 'authn_login_lock', level: 'warn', outcome: 'failure' },
  user_not_authorized: { event: 'authz_fail', level: 'info', outcome: 'failure' },
  throttled: { event: 'excess_rate_limit_exceeded', level: 'warn', outcome: 'failure' },
  malformed_request: { event: 'input_validation_fail', level: 'info', outcome: 'failure' },
  session_limit: REFUSED,
  cancelled: REFUSED,
  draining: REFUSED,
  overloaded: { ...REFUSED, level: 'warn' },
  authentication_sys_fail: FAULT,
  auth_attempt_timeout: FAULT,
  request_timed_out: FAULT,
  session_details_missing: FAULT,
  session_manager_fail: FAULT,
  authorizer_failed: FAULT,
  throttle_failed: FAULT,
  unknown: FAULT,
} as const satisfies Record<Exclude<FailureCode, 'malformed_response'>, AuditEvent>;

/** How an init is logged. A code that is not in the table is a defect. */
export function auditEventOf({ state, code = 'unknown' }: Pick<InitRecord, 'state' | 'code'>): AuditEvent {
  if (state === 'authorized') return SUCCESS;
  return Object.hasOwn(FAILURE_EVENTS, code) ? FAILURE_EVENTS[code as keyof typeof FAILURE_EVENTS] : FAULT;
}
