import { describeType, isJsonObject, own } from './json.js';
import { Secret } from './secret.js';
import { hasLength } from './text-length.js';

/** The most characters (code points, as in JSON Schema) that a user name may have. */
export const MAX_USERNAME_LENGTH = 255;
/** The most bytes of UTF-8 that a user's secret may have: longer ones are refused before any is hashed. */
export const MAX_USER_SECRET_BYTES = 4096;
/** The most characters that a one-time code may have. */
export const MAX_ONE_TIME_CODE_LENGTH = 64;

/** A request for a session. What proves it is in a {@link Secret} each, so the message is safe to log. */
export class SessionInitMessage {
  /** The asserted user name: 1 to 255 characters. */
  readonly username: string;
  /** What proves the assertion: 1 to 4,096 bytes of UTF-8. */
  readonly user_secret: Secret;
  /** The code of a second factor, where there is one and it does not follow the secret: 1 to 64 characters. */
  declare readonly one_time_code?: Secret;

  constructor(username: string, userSecret: Secret | string, oneTimeCode?: Secret | string) {
    this.username = username;
    this.user_secret = asSecret(userSecret);
    if (oneTimeCode !== undefined) this.one_time_code = asSecret(oneTimeCode);
  }
}

/** What was received in place of a {@link SessionInitMessage}. */
export class MalformedSessionInitMessage {
  /** The asserted user name if that much was in order; else empty. */
  readonly username: string;
  /** A sentence that says what was expected and what came; never a value of the request. */
  readonly problem: string;

  constructor(username: string, problem: string) {
    this.username = username;
    this.problem = problem;
  }
}

/**
 * Reads a request for a session from any JSON value. Properties that the message does not name are ignored.
 *
 * @returns the message, or a {@link MalformedSessionInitMessage} that says what is wrong with it. It never throws.
 */
export function decodeSessionInitMessage(value: unknown): SessionInitMessage | MalformedSessionInitMessage {
  if (value instanceof MalformedSessionInitMessage) return value;
  if (!isJsonObject(value)) {
    return new MalformedSessionInitMessage('', `The request must be an object, and is ${describeType(value)}.`);
  }
  const username = own(value, 'username');
  if (typeof username !== 'string') {
    return new MalformedSessionInitMessage('', `username must be a string, and is ${describeType(username)}.`);
  }
  const nameProblem = usernameProblem(username);
  if (nameProblem !== undefined) return new MalformedSessionInitMessage('', nameProblem);
  const secret = own(value, 'user_secret');
  const code = own(value, 'one_time_code') ?? undefined;
  const problem = textProblem('user_secret', secret, secretProblem) ?? oneTimeCodeProblem(code);
  if (problem !== undefined) return new MalformedSessionInitMessage(username, problem);
  if (value instanceof SessionInitMessage) return value;
  return new SessionInitMessage(username, secret as Secret | string, code as Secret | string | undefined);
}

/** Writes a request as the JSON text that goes to the server, its secret included. */
export function encodeSessionInitMessage(message: SessionInitMessage): string {
  const { username, user_secret, one_time_code } = message;
  return JSON.stringify({ username, user_secret: user_secret.reveal(), one_time_code: one_time_code?.reveal() });
}

function asSecret(secret: Secret | string): Secret {
  return typeof secret === 'string' ? new Secret(secret) : secret;
}

function textProblem(
  name: string,
  value: unknown,
  problemOf: (text: string) => string | undefined,
): string | undefined {
  if (typeof value === 'string') return problemOf(value);
  if (value instanceof Secret) return problemOf(value.reveal());
  return `${name} must be a string, and is ${describeType(value)}.`;
}

function usernameProblem(username: string): string | undefined {
  if (username.length === 0) return 'username is empty.';
  if (!hasLength(username, 1, MAX_USERNAME_LENGTH)) return `username is longer than ${MAX_USERNAME_LENGTH} characters.`;
  return username.isWellFormed() ? undefined : 'username is not well-formed Unicode.';
}

function secretProblem(secret: string): string | undefined {
  if (secret.length === 0) return 'user_secret is empty.';
  if (isLongerThan(secret, MAX_USER_SECRET_BYTES)) return `user_secret is longer than ${MAX_USER_SECRET_BYTES} bytes.`;
  return secret.isWellFormed() ? undefined : 'user_secret is not well-formed Unicode.';
}

function oneTimeCodeProblem(code: unknown): string | undefined {
  if (code === undefined) return undefined;
  return textProblem('one_time_code', code, (text) => {
    if (text.length === 0) return 'one_time_code is empty.';
    if (!hasLength(text, 1, MAX_ONE_TIME_CODE_LENGTH)) {
      return `one_time_code is longer than ${MAX_ONE_TIME_CODE_LENGTH} characters.`;
    }
    return text.isWellFormed() ? undefined : 'one_time_code is not well-formed Unicode.';
  });
}

/** Whether `text` has more bytes in UTF-8. A code unit takes one to three, so most texts need not be encoded. */
function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}
