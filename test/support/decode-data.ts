import { decodeSessionInitResponse } from '../../src/model/decode-response.js';
import type { SessionInitResponse } from '../../src/model/session-init-response.js';

export const SECRET = 'f21f27ac3d443c0948aab924bddefc64891c455a756ca77a4d86ec2f697cd13c';
const SESSION = { session_id: 1, session_secret: SECRET, created: '2019-12-10 16:27:54.000000' };
export const FULL = { ...SESSION, ip_address: '10.0.1.6', user: 'someone', last_accessed: '2019-12-10T16:40:01.250Z' };
export const FAILURE = {
  user: 'someone',
  reason: 'AUTHENTICATION_DENIED',
  fail_time: '2019-12-10 16:27:54.5',
  details: 'No.',
};

/** What a response decodes to that holds `data`. */
export function decode(data: unknown, success = true): SessionInitResponse {
  return decodeSessionInitResponse({ success, reason: 'Successful Auth', message: '', data });
}
