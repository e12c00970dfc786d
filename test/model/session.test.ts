import { describe, expect, test } from '@jest/globals';
import { Secret } from '../../src/model/secret.js';
import { FullAuthSession, isEstablishable, Session } from '../../src/model/session.js';

const TIME = new Date('2019-12-10T16:27:54Z');
const secret = new Secret('0123456789abcdef'.repeat(4));
const good = {
  session_id: 1,
  session_secret: secret,
  created: TIME,
  last_accessed: TIME,
  ip_address: '::1',
  user: 'u',
};

test('a session has the properties that it was given, and no others', () => {
  expect(Object.keys(new Session({ session_id: 1 }))).toEqual(['session_id']);
  expect(Object.entries(new Session(good))).toEqual([
    ['session_id', 1],
    ['session_secret', secret],
    ['created', TIME],
    ['last_accessed', TIME],
  ]);
  expect(Object.entries(new FullAuthSession(good))).toEqual(Object.entries(good));
  const partial = { session_id: 2, session_secret: undefined, created: TIME, last_accessed: undefined };
  expect(Object.keys(new Session(partial))).toEqual(['session_id', 'created']);
});

test('a FullAuthSession is a Session, by default of the user default', () => {
  const session = new FullAuthSession({ session_id: 1, ip_address: '10.0.1.6' });
  expect(session).toBeInstanceOf(Session);
  expect({ ...session }).toEqual({ session_id: 1, ip_address: '10.0.1.6', user: 'default' });
  expect(new FullAuthSession({ session_id: 1, ip_address: '::', user: '' }).user).toBe('');
});

describe('isEstablishable', () => {
  test('takes a whole session', () => {
    expect(isEstablishable(new FullAuthSession(good))).toBe(true);
    expect(isEstablishable(new FullAuthSession({ ...good, user: '', session_id: Number.MAX_SAFE_INTEGER }))).toBe(true);
  });

  test.each<[string, Record<string, unknown>]>([
    ['an id of 0', { session_id: 0 }],
    ['a negative id', { session_id: -3 }],
    ['an id that is no integer', { session_id: 1.5 }],
    ['an id that is not safe', { session_id: 2 ** 53 }],
    ['an id as a string', { session_id: '1' }],
    ['no secret', { session_secret: undefined }],
    ['a secret as a string', { session_secret: secret.reveal() }],
    ['a secret of 63 characters', { session_secret: new Secret('0'.repeat(63)) }],
    ['a secret of 65 characters', { session_secret: new Secret('0'.repeat(65)) }],
    ['a secret in upper case', { session_secret: new Secret('ABCDEF0123456789'.repeat(4)) }],
    ['a secret with a line break', { session_secret: new Secret(`${'0'.repeat(64)}\n`) }],
    ['no time of creation', { created: undefined }],
    ['a time of creation that is none', { created: new Date(Number.NaN) }],
    ['a time of creation as a string', { created: '2019-12-10T16:27:54Z' }],
    ['no time of last use', { last_accessed: undefined }],
    ['a time of last use beyond what the wire carries', { last_accessed: new Date(8.64e15) }],
    ['a user that is no string', { user: 5 }],
    ['an address that is none', { ip_address: '1.2.3' }],
    ['an address that is not canonical', { ip_address: '::FFFF:1.2.3.4' }],
    ['an address that is no string', { ip_address: 5 }],
    ['no address', { ip_address: undefined }],
  ])('refuses %s', (_what, misfit) => {
    const properties = { ...good, ...misfit } as ConstructorParameters<typeof FullAuthSession>[0];
    expect(isEstablishable(new FullAuthSession(properties))).toBe(false);
  });

  test('refuses what is no FullAuthSession', () => {
    expect([undefined, null, {}, good, 'x', new Session(good)].map(isEstablishable)).toEqual(Array(6).fill(false));
  });
});
