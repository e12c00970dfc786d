import { AssertionError } from 'node:assert';
import { describe, expect, test } from '@jest/globals';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { Secret } from '../../src/model/secret.js';
import { FullAuthSession, Session } from '../../src/model/session.js';
import { SessionInitResponse } from '../../src/model/session-init-response.js';
import {
  assertAuthorized,
  assertEndedIn,
  assertNoSecret,
  assertReason,
  assertRefusedWith,
  createTestOrchestrator,
  denies,
  type SessionInitMatchers,
  sessionInitMatchers,
} from '../../src/testing/index.js';

declare module 'expect' {
  interface Matchers<R> extends SessionInitMatchers<R> {}
}

expect.extend(sessionInitMatchers);

const SECRET = 'marked-user-secret/+?"1';
const world = createTestOrchestrator({
  script: { authorize: ({ user }) => denies('missingGroup').after(user === 'eve' ? 1 : 0) },
});
const refused = await world.ask();
world.authorizer.on('authorize', () => denies());
const { ask } = createTestOrchestrator();
const granted = await ask();

describe('the matchers', () => {
  test('tell a session from a refusal', () => {
    expect(granted).toBeAuthorized();
    expect(granted).toBeAuthorized('alice');
    expect(granted).not.toBeAuthorized('bob');
    expect(granted).not.toBeRefusedWith('user_not_authorized');
    expect(granted).not.toHaveReason('USER_NOT_AUTHORIZED');
    expect(refused).not.toBeAuthorized();
    expect(refused).toBeRefusedWith('user_not_authorized');
    expect(refused).not.toBeRefusedWith('cancelled');
    expect(refused).toHaveReason('USER_NOT_AUTHORIZED');
    expect(refused).not.toHaveReason('AUTHENTICATION_DENIED');
    expect(world.records[0]).toHaveEndedIn('notAuthorized');
    expect(world.records[0]).not.toHaveEndedIn('authorized');
  });

  test('take nothing for a session that cannot be used as one', () => {
    const [id, user] = [1, 'alice'];
    const times = { created: new Date(0), last_accessed: new Date(0) };
    const secretless = new FullAuthSession({
      session_id: id,
      session_secret: undefined,
      user,
      ip_address: '::1',
      ...times,
    });
    const bare = new Session({ session_id: id, session_secret: new Secret('x'.repeat(64)), ...times } as never);
    for (const data of [secretless, bare]) {
      expect(new SessionInitResponse({ success: true, reason: 'Successful Auth', data })).not.toBeAuthorized();
    }
    for (const value of [undefined, null, 42, {}, { success: true, data: granted.data }, Promise.resolve(granted)]) {
      expect(value).not.toBeAuthorized();
      expect(value).not.toBeRefusedWith('cancelled');
      expect(value).not.toHaveReason('OTHER');
      expect(value).not.toHaveEndedIn('authorized');
    }
  });

  test.each<[string, () => void, RegExp]>([
    [
      'a refusal',
      () => expect(refused).toBeAuthorized(),
      /Expected a session, and got USER_NOT_AUTHORIZED with code user_not/,
    ],
    [
      'another user',
      () => expect(granted).toBeAuthorized('bob'),
      /Expected a session for 'bob', and got session 1 for 'alice'/,
    ],
    ['a session', () => expect(granted).toHaveReason('OTHER'), /Expected a failure for OTHER, and got session 1/],
    ['a promise', () => expect(Promise.resolve(granted)).toBeAuthorized(), /a promise: await it first/],
    ['no response', () => expect({ success: true }).toBeAuthorized(), /no SessionInitResponse: \{ success: true \}/],
    ['its contrary', () => expect(granted).not.toBeAuthorized(), /Expected anything but a session, and got session 1/],
    [
      'another state',
      () => expect(world.records[0]).toHaveEndedIn('authorized'),
      /ended in authorized, and got one that ended in notAuthorized with code user_not_authorized, for the cause 'missingGroup'/,
    ],
    ['no record', () => expect(undefined).toHaveEndedIn('refused'), /no record of an init: undefined/],
    ['its contrary state', () => expect(world.records[0]).not.toHaveEndedIn('notAuthorized'), /should not have/],
  ])('say what came instead: %s', (_, expectation, message) => {
    expect(expectation).toThrow(message);
  });

  test('refuse words that there are not, so that a typing error passes nowhere', () => {
    expect(() => expect(refused).not.toHaveReason('USER_NOT_AUTHORISED' as never)).toThrow(
      /There are: .*AUTHENTICATION_DENIED/,
    );
    expect(() => expect(refused).not.toBeRefusedWith('canceled' as never)).toThrow(/There are: .*cancelled/);
    expect(() => expect(world.records[0]).not.toHaveEndedIn('done' as never)).toThrow(/There are: authorized/);
  });
});

describe('toHaveNoSecret', () => {
  const bytes = Buffer.from(SECRET);
  class Hidden {
    constructor(readonly inner: string) {}
    toJSON() {
      return {};
    }
    [Symbol.for('nodejs.util.inspect.custom')]() {
      return 'Hidden';
    }
  }
  const cyclic: Record<string, unknown> = { hidden: new Hidden(SECRET) };
  cyclic['self'] = cyclic;

  test.each<[string, unknown]>([
    ['a string', `before ${SECRET} after`],
    ['a property', { deep: [{ er: SECRET }] }],
    ['the name of a property', { [SECRET]: 1 }],
    ['a property that is not enumerable', Object.defineProperty({}, 'x', { value: SECRET })],
    ['a symbol', { [Symbol(SECRET)]: 1 }],
    ['the message of an error', new Error(SECRET)],
    ['the cause of an error', new Error('x', { cause: new Error(SECRET) })],
    [
      'what a getter throws',
      Object.defineProperty({}, 'x', {
        get: () => {
          throw new Error(SECRET);
        },
      }),
    ],
    ['a map', new Map([['a', new Map([[{ k: SECRET }, 1]])]])],
    ['a set', new Set([[SECRET]])],
    ['JSON in JSON', JSON.stringify({ a: JSON.stringify({ b: SECRET }) })],
    ['a URL', `https://example.org/?s=${encodeURIComponent(SECRET)}`],
    ['base64', bytes.toString('base64')],
    ['Basic authentication', Buffer.from(`alice:${SECRET}`).toString('base64')],
    ['base64url within something', Buffer.from(`ab${SECRET}cd`).toString('base64url')],
    ['hex', bytes.toString('hex')],
    ['bytes', { raw: new Uint8Array(bytes) }],
    ['an object that hides it from the console and from JSON', new Hidden(SECRET)],
    ['a ring of objects', cyclic],
  ])('finds it in %s, and does not repeat it', (_, value) => {
    expect(value).not.toHaveNoSecret(SECRET);
    let message = '';
    try {
      expect(value).toHaveNoSecret(new Secret(SECRET));
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/The secret shows/);
    expect(message).not.toContain(SECRET);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a Secret', { secret: new Secret(SECRET) }],
    ['a part of it', SECRET.slice(1)],
    ['a response', granted],
  ])('finds it not in %s', (_, value) => {
    expect(value).toHaveNoSecret(SECRET);
  });

  test('a session does not show its own', () => {
    expect(granted).toHaveNoSecret((granted.data as FullAuthSession).session_secret as Secret);
  });

  test('refuses a secret that is too short to be looked for', () => {
    expect(() => expect('').toHaveNoSecret('abc')).toThrow(/at least 4 characters/);
  });
});

describe('the assertions', () => {
  test.each<[string, () => void, () => void]>([
    ['assertAuthorized', () => assertAuthorized(granted, 'alice'), () => assertAuthorized(refused)],
    [
      'assertRefusedWith',
      () => assertRefusedWith(refused, 'user_not_authorized'),
      () => assertRefusedWith(granted, 'cancelled'),
    ],
    ['assertReason', () => assertReason(refused, 'USER_NOT_AUTHORIZED'), () => assertReason(refused, 'OTHER')],
    [
      'assertEndedIn',
      () => assertEndedIn(world.records[0], 'notAuthorized'),
      () => assertEndedIn(undefined, 'refused'),
    ],
    ['assertNoSecret', () => assertNoSecret(granted, SECRET), () => assertNoSecret([SECRET], SECRET)],
  ])('%s passes and fails as its matcher does', (name, right, wrong) => {
    expect(right).not.toThrow();
    let error: unknown;
    try {
      wrong();
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AssertionError);
    expect(error).toMatchObject({ operator: name });
    expect(String((error as Error).stack).split('\n    at ')[1]).toContain('matchers.test');
  });
});

test('a failure that is made by hand is one, too', () => {
  const data = new FailedSessionInitInfo({ user: 'alice', reason: 'OTHER', code: 'locked', fail_time: new Date(0) });
  expect(new SessionInitResponse({ success: false, reason: 'Failed Auth', data })).toBeRefusedWith('locked');
});
