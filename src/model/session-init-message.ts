import { describeType, isJsonObject, own } from './json.js';
import { Secret } from './secret.js';
import { hasLength } from './text-length.js';

/** The most characters (code points, as in JSON Schema) that a user name may have. */
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
  const given = own(value, 'user_secret');
  const secret = typeof given === 'string' ? new Secret(given) : given;
  if (!(secret instanceof Secret)) {
    return new MalformedSessionInitMessage(username, `user_secret must be a string, and is ${describeType(secret)}.`);
  }
  const problem = secretProblem(secret.reveal());
  if (problem !== undefined) return new MalformedSessionInitMessage(username, problem);
  return value instanceof SessionInitMessage ? value : new SessionInitMessage(username, secret);
}

/** Writes a request as the JSON text that goes to the server, its secret included. */
export function encodeSessionInitMessage(message: SessionInitMessage): string {
  return JSON.stringify({ username: message.username, user_secret: message.user_secret.reveal() });
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

/** Whether `text` has more bytes in UTF-8. A code unit takes one to three, so most texts need not be encoded. */
function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}
