import { AssertionError } from 'node:assert';
import { type MatcherResult, sessionInitMatchers } from './matchers.js';

/*
 * The matchers as functions that throw, for `node:test` and for whatever has no `expect`. There is one implementation:
 * the matchers.
 */

/** Turns a matcher into a function that throws what it found. */
function assertionOf<Expected extends readonly unknown[]>(
  name: string,
  matcher: (received: unknown, ...expected: Expected) => MatcherResult,
): (received: unknown, ...expected: Expected) => void {
  return function assertion(received, ...expected) {
    const { pass, message } = matcher(received, ...expected);
    if (!pass) throw new AssertionError({ message: message(), operator: name, stackStartFn: assertion });
  };
}

const { toBeAuthorized, toBeRefusedWith, toHaveReason, toHaveEndedIn, toHaveNoSecret } = sessionInitMatchers;

/**
 * Asserts that a response is a success with a session that can be used; that of a user, if one is given.
 *
 * @example
 * ```ts
 * import test from 'node:test';
 * import { assertAuthorized, assertRefusedWith, createTestOrchestrator, denies } from 'session-init/testing';
 *
 * test('a session, or a clear no', async () => {
 *   const { ask, authenticator } = createTestOrchestrator();
 *   assertAuthorized(await ask({ username: 'ada', user_secret: 'only-for-this-test' }), 'ada');
 *   authenticator.on('authenticate', denies('wrongSecret'));
 *   assertRefusedWith(await ask(), 'authentication_denied');
 * });
 * ```
 *
 * @throws AssertionError
 */
export const assertAuthorized = assertionOf('assertAuthorized', toBeAuthorized);
/** Asserts that a response is a failure with this code. @throws AssertionError */
export const assertRefusedWith = assertionOf('assertRefusedWith', toBeRefusedWith);
/** Asserts that a response is a failure for this reason. @throws AssertionError */
export const assertReason = assertionOf('assertReason', toHaveReason);
/** Asserts that the record of an init says that it ended in this terminal state. @throws AssertionError */
export const assertEndedIn = assertionOf('assertEndedIn', toHaveEndedIn);
/** Asserts that a value shows a secret nowhere. @throws AssertionError, which does not show it either */
export const assertNoSecret = assertionOf('assertNoSecret', toHaveNoSecret);
