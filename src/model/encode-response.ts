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
 * @throws RangeError if a time in it is an invalid `Date`
 */
export function encodeSessionInitResponse(response: SessionInitResponse, options: EncodeOptions = {}): string {
  const profile = options.profile ?? 'rfc3339';
  return JSON.stringify({
    success: response.success,
    reason: response.reason,
    message: response.message,
    data: encodeData(response.data, (time) => time && formatDateTime(time, profile)),
  });
}

/** `JSON.stringify` leaves out what is undefined. */
function encodeData(data: SessionInitData, encodeTime: (time: Date | undefined) => string | undefined): unknown {
  if (!(data instanceof Session)) {
    return {
      user: data.user,
      reason: data.reason,
      fail_time: encodeTime(data.fail_time),
      details: data.details,
      code: data.code,
      reference_id: data.reference_id,
      retry_after: data.retry_after,
    };
  }
  return {
    session_id: data.session_id,
    session_secret: data.session_secret?.reveal(),
    created: encodeTime(data.created),
    last_accessed: encodeTime(data.last_accessed),
    ...(data instanceof FullAuthSession && { ip_address: data.ip_address, user: data.user }),
  };
}
