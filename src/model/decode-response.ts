import { parseDateTime } from './date-time.js';
import { FailedSessionInitInfo } from './failed-session-init-info.js';
import { readFailureReason } from './failure-reason.js';
import { normalizeIpAddress } from './ip-address.js';
import { describeType, isJsonObject, type JsonObject, own } from './json.js';
import { Secret } from './secret.js';
import { FullAuthSession, Session } from './session.js';
import { type SessionInitData, SessionInitResponse } from './session-init-response.js';
import { hasLength } from './text-length.js';

/** Why a value is not of a type: property, what it must be, and the type that came. Never the value. */
class Misfit {
  readonly problem: string;
  constructor(property: string, expected: string, came: string) {
    this.problem = `${property} must be ${expected}, and is ${came}`;
  }
}

/**
 * Reads a `SessionInitResponse` from any JSON value. `data` is a {@link FullAuthSession}, else a {@link Session}, else
 * a {@link FailedSessionInitInfo}, the first that fits; if none does, a `FailedSessionInitInfo` with
 * `SESSION_DETAILS_MISSING` takes its place and says why. What is no response at all becomes a failure with `OTHER` and
 * code `malformed_response`. Nothing is invented: what is absent stays absent, but for the defaults of the seed.
 *
 * It never throws, looks only at the properties that it knows, and repeats no value in a message.
 */
export function decodeSessionInitResponse(value: unknown): SessionInitResponse {
  if (!isJsonObject(value)) return malformed(`it must be an object, and is ${describeType(value)}`);
  const success = own(value, 'success');
  if (typeof success !== 'boolean') return malformed(`success must be a boolean, and is ${describeType(success)}`);
  const reason = own(value, 'reason');
  if (typeof reason !== 'string') return malformed(`reason must be a string, and is ${describeType(reason)}`);
  const message = own(value, 'message');
  if (message !== undefined && typeof message !== 'string') {
    return malformed(`message must be a string, and is ${describeType(message)}`);
  }
  return new SessionInitResponse({ success, reason, message, data: decodeData(own(value, 'data')) });
}

function malformed(problem: string): SessionInitResponse {
  return new SessionInitResponse({
    success: false,
    reason: 'Failed Auth',
    message: '',
    data: new FailedSessionInitInfo({
      user: '',
      reason: 'OTHER',
      code: 'malformed_response',
      details: `What came is not a SessionInitResponse: ${problem}.`,
    }),
  });
}

function decodeData(data: unknown): SessionInitData {
  if (!isJsonObject(data)) return detailsMissing(`data must be an object, and is ${describeType(data)}`);
  const session = decodeSession(data);
  if (session instanceof Session) return decodeFullAuthSession(data, session) ?? session;
  const failure = decodeFailure(data);
  if (failure instanceof FailedSessionInitInfo) return failure;
  return detailsMissing(
    `data is neither a session (${session.problem}) nor a FailedSessionInitInfo (${failure.problem})`,
  );
}

function detailsMissing(problem: string): FailedSessionInitInfo {
  return new FailedSessionInitInfo({
    user: '',
    reason: 'SESSION_DETAILS_MISSING',
    code: 'session_details_missing',
    details: `The response has no valid session details: ${problem}.`,
  });
}

function decodeSession(data: JsonObject): Session | Misfit {
  const id = own(data, 'session_id');
  if (!Number.isSafeInteger(id)) return new Misfit('session_id', 'an integer', describeType(id));
  const secret = own(data, 'session_secret');
  if (secret !== undefined && !(typeof secret === 'string' && hasLength(secret, 64, 64))) {
    return new Misfit('session_secret', 'a string of 64 characters', describeOther(secret));
  }
  const created = decodeTime(data, 'created');
  if (created instanceof Misfit) return created;
  const lastAccessed = decodeTime(data, 'last_accessed');
  if (lastAccessed instanceof Misfit) return lastAccessed;
  return new Session({
    // JSON has a -0, which is no other id than 0.
    session_id: (id as number) + 0,
    session_secret: secret === undefined ? undefined : new Secret(secret),
    created,
    last_accessed: lastAccessed,
  });
}

function decodeFullAuthSession(data: JsonObject, session: Session): FullAuthSession | undefined {
  const address = own(data, 'ip_address');
  const user = own(data, 'user');
  if (typeof address !== 'string' || (user !== undefined && typeof user !== 'string')) return undefined;
  const normalized = normalizeIpAddress(address);
  return normalized === undefined ? undefined : new FullAuthSession({ ...session, ip_address: normalized, user });
}

function decodeFailure(data: JsonObject): FailedSessionInitInfo | Misfit {
  const user = own(data, 'user');
  if (typeof user !== 'string') return new Misfit('user', 'a string', describeType(user));
  const given = own(data, 'reason');
  const reason = readFailureReason(given);
  if (reason === undefined) return new Misfit('reason', 'one of the nine reasons', describeOther(given));
  const failTime = decodeTime(data, 'fail_time');
  if (failTime instanceof Misfit) return failTime;
  // The reference writes a null where it has no details.
  const details = own(data, 'details') ?? undefined;
  if (details !== undefined && typeof details !== 'string') {
    return new Misfit('details', 'a string', describeType(details));
  }
  const code = own(data, 'code');
  const referenceId = own(data, 'reference_id');
  const retryAfter = own(data, 'retry_after');
  return new FailedSessionInitInfo({
    user,
    reason,
    fail_time: failTime,
    details,
    code: typeof code === 'string' ? code : undefined,
    reference_id: typeof referenceId === 'string' ? referenceId : undefined,
    retry_after: isSeconds(retryAfter) ? retryAfter + 0 : undefined,
  });
}

function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function decodeTime(data: JsonObject, property: string): Date | undefined | Misfit {
  const value = own(data, property);
  if (value === undefined) return undefined;
  const time = typeof value === 'string' ? parseDateTime(value) : undefined;
  return time ?? new Misfit(property, 'an RFC 3339 time', describeOther(value));
}

/** The type of what came where only some strings fit. */
function describeOther(value: unknown): string {
  return typeof value === 'string' ? 'another string' : describeType(value);
}
