import { decodeSessionInitResponse } from '../model/decode-response.js';
import { FailedSessionInitInfo } from '../model/failed-session-init-info.js';
import { isJsonObject, own } from '../model/json.js';
import { FullAuthSession } from '../model/session.js';
import type { SessionInitResponse } from '../model/session-init-response.js';

/** What a server's answer comes to. */
export type Answer =
  /** A session that the client can use: whose it is is known, and the secret is there. */
  | { readonly outcome: 'established'; readonly response: SessionInitResponse; readonly sessionId: number }
  /** A failure, which goes to the caller as it came. */
  | { readonly outcome: 'failed'; readonly response: SessionInitResponse }
  /** A success, but without session details that the client could use. */
  | { readonly outcome: 'unusable'; readonly details: string | undefined }
  /** No response at all. */
  | { readonly outcome: 'malformed'; readonly details: string | undefined };

/** Reads a server's answer from any JSON value. It never throws, and repeats no value in `details`. */
export function readAnswer(value: unknown): Answer {
  const response = decodeSessionInitResponse(value);
  const { data } = response;
  if (data instanceof FailedSessionInitInfo) {
    const { details } = data;
    // The decoder forces `success` to false where there is no session, so what the server said is read again.
    const claimsSuccess = isJsonObject(value) && own(value, 'success') === true;
    if (claimsSuccess && data.reason === 'SESSION_DETAILS_MISSING') return { outcome: 'unusable', details };
    if (data.reason === 'OTHER' && data.code === 'malformed_response') return { outcome: 'malformed', details };
    return { outcome: 'failed', response };
  }
  if (!response.success) {
    return { outcome: 'malformed', details: 'The response says that it is no success, and has a session.' };
  }
  if (!(data instanceof FullAuthSession)) {
    return {
      outcome: 'unusable',
      details: 'The session that came is no FullAuthSession: ip_address or user is missing.',
    };
  }
  if (data.session_secret === undefined) {
    return { outcome: 'unusable', details: 'The session that came has no session_secret, so it cannot be used.' };
  }
  return { outcome: 'established', response, sessionId: data.session_id };
}
