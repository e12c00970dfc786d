/** The nine reasons of a failed init, in the order of the seed (section 4.3.2). */
export const FAILURE_REASONS = [
  'AUTHENTICATION_SYS_FAIL',
  'AUTHENTICATION_DENIED',
  'USER_NOT_AUTHORIZED',
  'AUTH_ATTEMPT_TIMEOUT',
  'REQUEST_TIMED_OUT',
  'SESSION_DETAILS_MISSING',
  'SESSION_MANAGER_FAIL',
  'OTHER',
  'UNKNOWN',
] as const;

/** Why an init failed: the seed's enumeration, and what clients may branch on. */
export type FailureReason = (typeof FAILURE_REASONS)[number];

/**
 * Every `code` that a failure may carry, with its meaning. Codes are stable and finer than the nine reasons; they
 * never tell a client more than it may know: an unknown user and a wrong secret share one.
 */
export const FAILURE_CODES = {
  authentication_denied: 'The user is unknown or the secret is wrong.',
  user_not_authorized: 'The user is known, and may not have a session.',
  authentication_sys_fail: 'The authenticator failed, for a cause other than the credentials.',
  auth_attempt_timeout: 'The authenticator or the authorizer did not answer within its deadline.',
  request_timed_out: 'The whole init did not finish within the request deadline.',
  session_details_missing: 'It looked like success, but there were no valid session details.',
  session_manager_fail: 'The session manager failed or did not answer within its deadline.',
  malformed_request: 'The request is not a SessionInitMessage.',
  malformed_response: 'What came back is not a SessionInitResponse.',
  throttled: 'Too many failed attempts from this address. Retry after `retry_after` seconds.',
  locked: 'Too many failed attempts for this account. Retry after `retry_after` seconds.',
  throttle_failed: 'The count of failed attempts could not be read, so nothing was attempted.',
  session_limit: 'The user has as many sessions as the limit allows.',
  overloaded: 'More requests came than can be served. Retry after `retry_after` seconds.',
  draining: 'The service is shutting down. Retry elsewhere, or after `retry_after` seconds.',
  cancelled: 'The caller went away before the init was finished.',
  authorizer_failed: 'The authorizer failed, so nobody is let in.',
  unknown: 'A defect in the service. Its log tells more under the reference id.',
} as const;

/** A stable machine-readable cause of a failure, finer than {@link FailureReason}. */
export type FailureCode = keyof typeof FAILURE_CODES;

// Without the `u` flag, `i` folds ASCII only: 'ı'.toUpperCase() is 'I', and would let a look-alike pass for a name.
const NAME = new RegExp(`^(?:${FAILURE_REASONS.join('|')})$`, 'i');

/**
 * Reads a reason by name in any letter case. Absent, `-1` (the seed's own default) and null read as `UNKNOWN`.
 *
 * @returns the reason, or undefined if `value` names none
 */
export function readFailureReason(value: unknown): FailureReason | undefined {
  if (value === undefined || value === null || value === -1) return 'UNKNOWN';
  return typeof value === 'string' && NAME.test(value) ? (value.toUpperCase() as FailureReason) : undefined;
}
