import { formatDateTime, type WireProfile } from './date-time.js';
import { FullAuthSession, Session } from './session.js';
import type { SessionInitData, SessionInitResponse } from './session-init-response.js';

/** How {@link encodeSessionInitResponse} writes. */
export interface EncodeOptions {
  /**
   * `rfc3339` writes times in RFC 3339, UTC, with milliseconds; `dmod` as `2019-12-10 16:27:54.000000`, which existing
   * DMOD clients parse.
   *
   * @defaultValue `'rfc3339'`
   */
  profile?: WireProfile;
}

/**
 * Writes a response as the JSON text that goes to the client, **the session's secret included**. For a log, use
 * `JSON.stringify(response)`, which shows no secret.
 *
 * @throws RangeError if a time in it is no valid `Date` in the years 1 to 9999
 */
export function encodeSessionInitResponse(response: SessionInitResponse, options: EncodeOptions = {}): string {
  return JSON.stringify({
    success: response.success,
    reason: response.reason,
    message: response.message,
    data: encodeData(response.data, options.profile ?? 'rfc3339'),
  });
}

/** `JSON.stringify` leaves out what is undefined. */
function encodeData(data: SessionInitData, profile: WireProfile): object {
  if (data instanceof FullAuthSession) {
    return Object.assign(encodeSession(data, profile), { ip_address: data.ip_address, user: data.user });
  }
  if (data instanceof Session) return encodeSession(data, profile);
  return {
    user: data.user,
    reason: data.reason,
    fail_time: data.fail_time && formatDateTime(data.fail_time, profile),
    details: data.details,
    code: data.code,
    reference_id: data.reference_id,
    retry_after: data.retry_after,
  };
}

function encodeSession(session: Session, profile: WireProfile): object {
  return {
    session_id: session.session_id,
    session_secret: session.session_secret?.reveal(),
    created: session.created && formatDateTime(session.created, profile),
    last_accessed: session.last_accessed && formatDateTime(session.last_accessed, profile),
  };
}
