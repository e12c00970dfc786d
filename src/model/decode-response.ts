import { parseDateTime } from './date-time.js';
import { FailedSessionInitInfo } from './failed-session-init-info.js';
import { readFailureReason } from './failure-reason.js';
import { normalizeIpAddress } from './ip-address.js';
import { describeType, isJsonObject, type JsonObject, own } from './json.js';
import { Secret } from './secret.js';
import { FullAuthSession, Session, type SessionProperties } from './session.js';
import { type SessionInitData, SessionInitResponse } from './session-init-response.js';

/** Why a value is not of a type: property, what it must be, and the type that came. Never the value. */
class Misfit {
  readonly problem: string;
  constructor(property: string, expected: string, value: unknown) {
    this.problem = `${property} must be ${expected}, and is ${describeType(value)}`;
  }
}

/**
 * Reads a `SessionInitResponse` from any JSON value. `data` is a {@link FullAuthSession}, else a {@link Session}, else
 * a {@link FailedSessionInitInfo}, the first that fits; if none does, a `FailedSessionInitInfo` with
 * `SESSION_DETAILS_MISSING` takes its place and says why. What is no response at all becomes a failure with `OTHER` and
 * code `malformed_response`. Nothing is invented: what is absent stays absent, but for the defaults of the seed.
 *
 * It never throws, looks only at the properties that the seed names, and repeats no value in a message.
 */
export function decodeSessionInitResponse(value: unknown): SessionInitResponse {
  const problem = responseProblem(value);
  if (problem !== undefined) {
    return new SessionInitResponse({
      success: false,
      reason: 'Failed Auth',
      data: new FailedSessionInitInfo({
        user: '',
        reason: 'OTHER',
        code: 'malformed_response',
        details: `What came is not a SessionInitResponse: ${problem}.`,
      }),
    });
  }
  const response = value as JsonObject;
  return new SessionInitResponse({
    success: own(response, 'success') as boolean,
    reason: own(response, 'reason') as string,
    message: own(response, 'message') as string | undefined,
    data: decodeData(own(response, 'data')),
  });
}

function responseProblem(value: unknown): string | undefined {
  if (!isJsonObject(value)) return `it must be an object, and is ${describeType(value)}`;
  const success = own(value, 'success');
  if (typeof success !== 'boolean') return new Misfit('success', 'a boolean', success).problem;
  const reason = own(value, 'reason');
  if (typeof reason !== 'string') return new Misfit('reason', 'a string', reason).problem;
  const message = own(value, 'message');
  if (message !== undefined && typeof message !== 'string') return new Misfit('message', 'a string', message).problem;
  return undefined;
}

function decodeData(data: unknown): SessionInitData {
  if (!isJsonObject(data)) return detailsMissing(`data must be an object, and is ${describeType(data)}`);
  const session = decodeSession(data);
  if (session instanceof Session) {
    const full = decodeFullAuthSession(data, session);
    return full instanceof FullAuthSession ? full : session;
  }
  const failure = decodeFailure(data);
  if (failure instanceof FailedSessionInitInfo) return failure;
  return detailsMissing(
    `data is neither a session (${session.problem}) nor a FailedSessionInitInfo (${failure.problem})`,
  );
}

function detailsMissing(what: string): FailedSessionInitInfo {
  return new FailedSessionInitInfo({
    user: '',
    reason: 'SESSION_DETAILS_MISSING',
    code: 'session_details_missing',
    details: `The response has no valid session details: ${what}.`,
  });
}

function decodeSession(data: JsonObject): Session | Misfit {
  const id = own(data, 'session_id');
  if (!Number.isSafeInteger(id)) return new Misfit('session_id', 'a safe integer', id);
  const secret = own(data, 'session_secret');
  if (secret !== undefined && !isSecretText(secret)) {
    return new Misfit('session_secret', 'a string of 64 characters', secret);
  }
  const created = readDateTime(data, 'created');
  if (created instanceof Misfit) return created;
  const lastAccessed = readDateTime(data, 'last_accessed');
  if (lastAccessed instanceof Misfit) return lastAccessed;
  return new Session({
    session_id: id as number,
    session_secret: secret === undefined ? undefined : new Secret(secret),
    created,
    last_accessed: lastAccessed,
  });
}

function decodeFullAuthSession(data: JsonObject, session: SessionProperties): FullAuthSession | Misfit {
  const address = own(data, 'ip_address');
  const normalized = typeof address === 'string' ? normalizeIpAddress(address) : undefined;
  if (normalized === undefined) return new Misfit('ip_address', 'an IP address', address);
  const user = own(data, 'user');
  if (user !== undefined && typeof user !== 'string') return new Misfit('user', 'a string', user);
  return new FullAuthSession({ ...session, ip_address: normalized, user });
}

function decodeFailure(data: JsonObject): FailedSessionInitInfo | Misfit {
  const user = own(data, 'user');
  if (typeof user !== 'string') return new Misfit('user', 'a string', user);
  const reason = readFailureReason(own(data, 'reason'));
  if (reason === undefined) return new Misfit('reason', 'one of the nine reasons', own(data, 'reason'));
  const failTime = readDateTime(data, 'fail_time');
  if (failTime instanceof Misfit) return failTime;
  // The reference writes a null where it has no details.
  const details = own(data, 'details') ?? undefined;
  if (details !== undefined && typeof details !== 'string') return new Misfit('details', 'a string', details);
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
    retry_after: Number.isSafeInteger(retryAfter) && (retryAfter as number) >= 0 ? (retryAfter as number) : undefined,
  });
}

function readDateTime(data: JsonObject, property: string): Date | undefined | Misfit {
  const value = own(data, property);
  if (value === undefined) return undefined;
  const time = typeof value === 'string' ? parseDateTime(value) : undefined;
  return time ?? new Misfit(property, 'an RFC 3339 time', value);
}

/** JSON Schema counts a length in code points; 128 code units are the most that 64 of them can take. */
function isSecretText(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 128) return false;
  return value.length === 64 ? !/[\ud800-\udbff][\udc00-\udfff]/.test(value) : [...value].length === 64;
}
