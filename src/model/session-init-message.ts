import { describeType, isJsonObject, own } from './json.js';
import { Secret } from './secret.js';

/** The most characters (UTF-16 code units) that a user name may have. */
export const MAX_USERNAME_LENGTH = 255;
/** The most bytes of UTF-8 that a user's secret may have: longer ones are refused before any is hashed. */
export const MAX_USER_SECRET_BYTES = 4096;

/** A request for a session. `user_secret` is a {@link Secret}, so the message is safe to log. */
export class SessionInitMessage {
  /** The asserted user name: 1 to 255 characters. */
  readonly username: string;
  /** What proves the assertion: 1 to 4,096 bytes of UTF-8. */
  readonly user_secret: Secret;

  constructor(username: string, userSecret: Secret | string) {
    this.username = username;
    this.user_secret = typeof userSecret === 'string' ? new Secret(userSecret) : userSecret;
  }
}

/** What was received in place of a {@link SessionInitMessage}. */
export class MalformedSessionInitMessage {
  /** The user name, as far as one could be read; else empty. */
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
  const given = own(value, 'user_secret');
  const secret = given instanceof Secret ? given.reveal() : given;
  const problem = usernameProblem(username) ?? secretProblem(secret);
  if (problem !== undefined) {
    const readable = typeof username === 'string' && username.length <= MAX_USERNAME_LENGTH ? username : '';
    return new MalformedSessionInitMessage(readable, problem);
  }
  if (value instanceof SessionInitMessage) return value;
  return new SessionInitMessage(username as string, given as Secret | string);
}

/** Writes a request as the JSON text that goes to the server, its secret included. */
export function encodeSessionInitMessage(message: SessionInitMessage): string {
  return JSON.stringify({ username: message.username, user_secret: message.user_secret.reveal() });
}

function usernameProblem(username: unknown): string | undefined {
  if (typeof username !== 'string') return `username must be a string, and is ${describeType(username)}.`;
  if (username.length === 0) return 'username is empty.';
  if (username.length > MAX_USERNAME_LENGTH) {
    return `username has ${username.length} characters, and may have ${MAX_USERNAME_LENGTH}.`;
  }
  return username.isWellFormed() ? undefined : 'username is not well-formed Unicode.';
}

function secretProblem(secret: unknown): string | undefined {
  if (typeof secret !== 'string') return `user_secret must be a string, and is ${describeType(secret)}.`;
  if (secret.length === 0) return 'user_secret is empty.';
  if (secret.length > MAX_USER_SECRET_BYTES || utf8Length(secret) > MAX_USER_SECRET_BYTES) {
    return `user_secret is longer than ${MAX_USER_SECRET_BYTES} bytes.`;
  }
  return secret.isWellFormed() ? undefined : 'user_secret is not well-formed Unicode.';
}

/** The UTF-8 length of at most a few thousand characters; 3 bytes a code unit is the most there can be. */
function utf8Length(text: string): number {
  return text.length * 3 <= MAX_USER_SECRET_BYTES ? text.length : new TextEncoder().encode(text).length;
}
