import type { FailureCode, InitSummary } from '../protocol.js';

/** Why an init got no session, and what to look at: for whoever runs the service. Clients are told less. */
export interface Explanation {
  readonly why: string;
  readonly advice: string;
}

/** By the code of the response. */
const CODES: Readonly<Record<FailureCode, Explanation>> = {
  authentication_denied: {
    why: 'The authenticator did not accept this user with this secret.',
    advice: 'If it happens to many users at once, look at what has changed in the directory behind it.',
  },
  user_not_authorized: {
    why: 'The secret was right, but this user may not have a session.',
    advice: 'The authorizer decides that: look at its groups, rules or policies.',
  },
  authentication_sys_fail: {
    why: 'The authenticator could not say yes or no: it is down, or it answered something that is no answer.',
    advice: 'Look at the backend behind it. No secret was judged, so this counts as no failed attempt.',
  },
  auth_attempt_timeout: {
    why: 'The authenticator or the authorizer did not answer within its deadline.',
    advice: 'The last step below is the one that was waited for. Look at the backend behind it, and at its deadline.',
  },
  request_timed_out: {
    why: 'All steps together took longer than a request may take.',
    advice: 'The bar shows where the time went.',
  },
  session_details_missing: {
    why: 'Both checks had passed, but what the session manager returned is no valid session.',
    advice: 'This is a defect of the session manager.',
  },
  session_manager_fail: {
    why: 'Both checks had passed, but the session could not be stored.',
    advice: 'Look at the store behind the session manager.',
  },
  malformed_request: {
    why: 'What came is no request for a session, so nobody was asked.',
    advice: 'The client is at fault: the text of the response says what is wrong with the request.',
  },
  malformed_response: {
    why: 'What came back is no response.',
    advice: 'This is what clients find; a server does not end so.',
  },
  throttled: {
    why: 'Too many attempts from this network address have failed lately, so nobody was asked.',
    advice: 'Somebody may be guessing. The address is let in again by itself after a while: “retry_after”, in seconds.',
  },
  locked: {
    why: 'Too many attempts for this account have failed lately, so nobody was asked, and the secret was not looked at.',
    advice: 'Somebody may be guessing. The account opens again by itself after a while: “retry_after”, in seconds.',
  },
  throttle_failed: {
    why: 'The count of failed attempts could not be read, so nobody was let in.',
    advice: 'Look at the store of the throttle.',
  },
  session_limit: {
    why: 'The user has as many sessions already as one may have.',
    advice: 'One of them has to end first; or choose another policy of the limit.',
  },
  overloaded: {
    why: 'There was no room for one more: too many inits were under way, or a backend said that it has too much to do.',
    advice: 'Clients try again after “retry_after”. If it lasts, look at which step is slow.',
  },
  draining: {
    why: 'The service was shutting down.',
    advice: 'Nothing to do: clients try again elsewhere, or later.',
  },
  cancelled: {
    why: 'The client went away before there was an answer.',
    advice: 'Nothing to do, unless it happens often: then look at which step clients lose patience with.',
  },
  authorizer_failed: {
    why: 'The authorizer could not say yes or no, and then nobody is let in.',
    advice: 'Look at the backend behind it.',
  },
  unknown: {
    why: 'Something happened that nothing else explains: a defect.',
    advice: 'The log of the service tells more, under the same reference id. Please report it.',
  },
};

/** What a denial's cause means. Backends have others, which speak for themselves. */
const CAUSES: Readonly<Record<string, string>> = {
  unknownUser: 'nobody by this name is known',
  wrongSecret: 'the secret is not the user’s',
  locked: 'the backend has locked this account',
  expired: 'the account, the password or the token has expired',
  disabled: 'the account is switched off',
  missingGroup: 'the user is in none of the groups that may',
  excludedGroup: 'the user is in a group that may not',
  missingFactor: 'the second factor is missing',
  notEnrolled: 'the user has set up no second factor',
  deniedByPolicy: 'a policy says no',
  noRuleHolds: 'no rule lets this user in',
};

/** Why an init got no session; undefined if it got one. */
export function explanationOf({ reason, code = 'unknown' }: InitSummary): Explanation | undefined {
  if (reason === undefined) return undefined;
  return Object.hasOwn(CODES, code) ? CODES[code as FailureCode] : undefined;
}

/** A cause with what it means: `wrongSecret (the secret is not the user’s)`. */
export function causeInWords(cause: string): string {
  return Object.hasOwn(CAUSES, cause) ? `${cause} (${CAUSES[cause]})` : cause;
}
