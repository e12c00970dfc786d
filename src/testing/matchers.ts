import { inspect } from 'node:util';
import {
  FAILURE_CODES,
  FAILURE_REASONS,
  FailedSessionInitInfo,
  type FailureCode,
  type FailureReason,
  FullAuthSession,
  type InitRecord,
  SessionInitResponse,
  TERMINAL_STATES,
  type TerminalState,
} from '../index.js';
import { ConfigurationError } from '../model/errors.js';
import type { Secret } from '../model/secret.js';
import { findSecret } from './find-secret.js';

/** What a matcher found, in the shape that `expect.extend` of Jest and of Vitest takes. */
export interface MatcherResult {
  readonly pass: boolean;
  /** Why it failed; or, where it was negated, what held though it should not. */
  message(): string;
}

/**
 * What {@link sessionInitMatchers} adds to `expect(…)`. `Result` is what a matcher returns: `void` in Jest and Vitest.
 *
 * @example In a declaration file of your tests, for Vitest
 * ```ts
 * import type { SessionInitMatchers } from 'session-init/testing';
 *
 * declare module 'vitest' {
 *   interface Matchers<T> extends SessionInitMatchers<T> {}
 * }
 * ```
 *
 * @example For Jest
 * ```ts
 * import type { SessionInitMatchers } from 'session-init/testing';
 *
 * declare module 'expect' {
 *   interface Matchers<R> extends SessionInitMatchers<R> {}
 * }
 * ```
 */
export interface SessionInitMatchers<Result = void> {
  /** A response that is a success with a session that can be used; that of `user`, if it is given. */
  toBeAuthorized(user?: string): Result;
  /** A response that is a failure with this code. */
  toBeRefusedWith(code: FailureCode): Result;
  /** A response that is a failure for this reason. */
  toHaveReason(reason: FailureReason): Result;
  /** The record of an init that ended in this terminal state. */
  toHaveEndedIn(state: TerminalState): Result;
  /** Anything that shows this secret nowhere: printed, as JSON, or in a property; plain, in base64, hex or percent-encoding. */
  toHaveNoSecret(secret: Secret | string): Result;
}

type Matchers = {
  [Name in keyof SessionInitMatchers]: (
    received: unknown,
    ...expected: Parameters<SessionInitMatchers[Name]>
  ) => MatcherResult;
};

/** Matchers for Jest's and Vitest's `expect.extend(sessionInitMatchers)`. For `node:test`, see {@link assertAuthorized}. */
export const sessionInitMatchers = {
  toBeAuthorized(received, user?: string) {
    const data = dataOf(received);
    const isAuthorized = data instanceof FullAuthSession && data.session_secret !== undefined;
    const whom = user === undefined ? 'a session' : `a session for ${inspect(user)}`;
    return result(isAuthorized && (user === undefined || data.user === user), whom, received);
  },

  toBeRefusedWith(received, code) {
    known('code', code, Object.keys(FAILURE_CODES));
    const data = dataOf(received);
    return result(data instanceof FailedSessionInitInfo && data.code === code, `a failure with code ${code}`, received);
  },

  toHaveReason(received, reason) {
    known('reason', reason, FAILURE_REASONS);
    const data = dataOf(received);
    return result(data instanceof FailedSessionInitInfo && data.reason === reason, `a failure for ${reason}`, received);
  },

  toHaveEndedIn(received, state) {
    known('terminal state', state, Object.keys(TERMINAL_STATES));
    const ended = (received as InitRecord | undefined)?.state;
    return {
      pass: ended === state,
      message: () =>
        ended === state
          ? `An init ended in ${state}, and should not have.`
          : `Expected the record of an init that ended in ${state}, and got ${describeRecord(received)}.`,
    };
  },

  toHaveNoSecret(received, secret) {
    const found = findSecret(received, secret);
    return {
      pass: found === undefined,
      // The message must not show it either.
      message: () =>
        found === undefined ? 'Expected that the secret shows, and it does not.' : `The secret shows ${found}.`,
    };
  },
} satisfies Matchers;

function dataOf(received: unknown): SessionInitResponse['data'] | undefined {
  return received instanceof SessionInitResponse ? received.data : undefined;
}

function result(pass: boolean, expected: string, received: unknown): MatcherResult {
  return {
    pass,
    message: () =>
      pass
        ? `Expected anything but ${expected}, and got ${describeResponse(received)}.`
        : `Expected ${expected}, and got ${describeResponse(received)}.`,
  };
}

function describeResponse(received: unknown): string {
  const data = dataOf(received);
  if (data instanceof FailedSessionInitInfo) return `${data.reason} with code ${data.code}: ${data.details}`;
  if (data instanceof FullAuthSession && data.session_secret !== undefined) {
    return `session ${data.session_id} for ${inspect(data.user)}`;
  }
  if (data !== undefined) return `a session without what makes it usable: ${inspect(data)}`;
  const isPromise = received instanceof Promise;
  return isPromise ? 'a promise: await it first' : `something that is no SessionInitResponse: ${inspect(received)}`;
}

function describeRecord(received: unknown): string {
  const { state, code, cause } = (received ?? {}) as Partial<InitRecord>;
  if (state === undefined) return `something that is no record of an init: ${inspect(received)}`;
  return `one that ended in ${state}${code === undefined ? '' : ` with code ${code}`}, for the cause ${inspect(cause)}`;
}

/** A typing error must not make `not.toHaveReason('…')` pass. */
function known(what: string, value: string, all: readonly string[]): void {
  if (all.includes(value)) return;
  throw new ConfigurationError(`There is no ${what} ${inspect(value)}. There are: ${all.join(', ')}.`);
}
