import { inspect } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '../../src/model/secret.js';
import {
  decodeSessionInitMessage,
  encodeSessionInitMessage,
  MAX_USER_SECRET_BYTES,
  MAX_USERNAME_LENGTH,
  MalformedSessionInitMessage,
  SessionInitMessage,
} from '../../src/model/session-init-message.js';
import { anyJson } from '../support/wire-arbitraries.js';
import { judgeMessage } from '../support/wire-judge.js';

jest.setTimeout(60_000);

const SECRET = 'marked-user-secret-1';

function decoded(value: unknown): SessionInitMessage {
  const message = decodeSessionInitMessage(value);
  expect(message).toBeInstanceOf(SessionInitMessage);
  return message as SessionInitMessage;
}

function malformed(value: unknown): { username: string; problem: string } {
  const message = decodeSessionInitMessage(value);
  expect(message).toBeInstanceOf(MalformedSessionInitMessage);
  return { ...(message as MalformedSessionInitMessage) };
}

test('the limits are those of the documentation', () => {
  expect([MAX_USERNAME_LENGTH, MAX_USER_SECRET_BYTES]).toEqual([255, 4096]);
});

describe('decodeSessionInitMessage reads', () => {
  test('a request, and ignores what else is there', () => {
    const value = { username: 'someone', user_secret: SECRET, event_type: 'SESSION_INIT', extra: [1] };
    const message = decoded(value);
    expect(message.username).toBe('someone');
    expect(message.user_secret).toBeInstanceOf(Secret);
    expect(message.user_secret.reveal()).toBe(SECRET);
    expect(Object.keys(message)).toEqual(['username', 'user_secret']);
  });

  test.each([
    ['one character', 'a'],
    ['255 characters', 'a'.repeat(255)],
    ['255 astral characters', '😀'.repeat(255)],
    ['a name as it is', ' Zoë \n\u0000\u2028'],
  ])('a username of %s', (_what, username) => {
    expect(decoded({ username, user_secret: 'x' }).username).toBe(username);
  });

  test.each([
    ['ASVS 6.2.9: 64 characters', 'x'.repeat(64)],
    ['ASVS 6.2.9: 64 astral characters', '😀'.repeat(64)],
    ['one character', 'x'],
    ['4,096 bytes of ASCII', 'x'.repeat(4096)],
    ['4,096 bytes of two each', 'é'.repeat(2048)],
    ['4,095 bytes of three each', '漢'.repeat(1365)],
    ['4,096 bytes of one and three', `x${'漢'.repeat(1365)}`],
    ['4,096 bytes of four each', '😀'.repeat(1024)],
    ['a secret as it is', ' \u0000\n"\\\u2028 '],
  ])('a secret of %s, whole', (_what, user_secret) => {
    expect(decoded({ username: 'u', user_secret }).user_secret.reveal()).toBe(user_secret);
  });

  test('a secret that is a Secret already', () => {
    const user_secret = new Secret(SECRET);
    expect(decoded({ username: 'u', user_secret }).user_secret).toBe(user_secret);
  });

  test.each([undefined, null])('a one-time code of %s as none', (one_time_code) => {
    expect(decoded({ username: 'u', user_secret: 'x', one_time_code })).not.toHaveProperty('one_time_code');
  });

  test.each(['1', '123456', 'x'.repeat(64), '😀'.repeat(64)])('a one-time code of %s', (one_time_code) => {
    const message = decoded({ username: 'u', user_secret: 'x', one_time_code });
    expect(message.one_time_code?.reveal()).toBe(one_time_code);
    expect(inspect(message)).not.toContain(one_time_code);
    expect(JSON.parse(encodeSessionInitMessage(message))).toEqual({ username: 'u', user_secret: 'x', one_time_code });
  });

  test('a SessionInitMessage, which is checked once more and given back', () => {
    const message = new SessionInitMessage('someone', SECRET);
    expect(decodeSessionInitMessage(message)).toBe(message);
    expect(malformed(new SessionInitMessage('', SECRET))).toEqual({ username: '', problem: 'username is empty.' });
    expect(malformed(new SessionInitMessage('someone', new Secret('')))).toEqual({
      username: 'someone',
      problem: 'user_secret is empty.',
    });
    expect(malformed(new SessionInitMessage('someone', 'x'.repeat(4097)))).toEqual({
      username: 'someone',
      problem: 'user_secret is longer than 4096 bytes.',
    });
  });

  test('a MalformedSessionInitMessage as itself', () => {
    const message = new MalformedSessionInitMessage('someone', 'It was no JSON.');
    expect(decodeSessionInitMessage(message)).toBe(message);
    expect({ ...message }).toEqual({ username: 'someone', problem: 'It was no JSON.' });
  });
});

describe('decodeSessionInitMessage refuses', () => {
  const good = { username: 'someone', user_secret: SECRET };

  test.each([
    ['nothing', undefined, '', 'The request must be an object, and is nothing.'],
    ['null', null, '', 'The request must be an object, and is null.'],
    ['a string', SECRET, '', 'The request must be an object, and is a string.'],
    ['an array', [good], '', 'The request must be an object, and is an array.'],
    ['an empty object', {}, '', 'username must be a string, and is nothing.'],
    ['a username of null', { ...good, username: null }, '', 'username must be a string, and is null.'],
    ['a username of 1', { ...good, username: 1 }, '', 'username must be a string, and is an integer.'],
    ['an empty username', { ...good, username: '' }, '', 'username is empty.'],
    ['256 characters', { ...good, username: 'a'.repeat(256) }, '', 'username is longer than 255 characters.'],
    ['256 astral ones', { ...good, username: '😀'.repeat(256) }, '', 'username is longer than 255 characters.'],
    ['100,000 characters', { ...good, username: 'a'.repeat(100_000) }, '', 'username is longer than 255 characters.'],
    ['a lone surrogate', { ...good, username: 'a\ud800' }, '', 'username is not well-formed Unicode.'],
    ['no secret', { username: 'someone' }, 'someone', 'user_secret must be a string, and is nothing.'],
    ['a secret of null', { ...good, user_secret: null }, 'someone', 'user_secret must be a string, and is null.'],
    ['a secret of 1', { ...good, user_secret: 1 }, 'someone', 'user_secret must be a string, and is an integer.'],
    [
      'an object',
      { ...good, user_secret: { reveal: 1 } },
      'someone',
      'user_secret must be a string, and is an object.',
    ],
    ['an empty secret', { ...good, user_secret: '' }, 'someone', 'user_secret is empty.'],
    [
      'a code of 1',
      { ...good, one_time_code: 123456 },
      'someone',
      'one_time_code must be a string, and is an integer.',
    ],
    ['an empty code', { ...good, one_time_code: '' }, 'someone', 'one_time_code is empty.'],
    [
      'a code of 65 characters',
      { ...good, one_time_code: '1'.repeat(65) },
      'someone',
      'one_time_code is longer than 64 characters.',
    ],
    [
      'a code with a surrogate',
      { ...good, one_time_code: 'marked\udc00' },
      'someone',
      'one_time_code is not well-formed Unicode.',
    ],
    ['a surrogate', { ...good, user_secret: 'marked\udc00' }, 'someone', 'user_secret is not well-formed Unicode.'],
  ])('%s', (_what, value, username, problem) => {
    expect(malformed(value)).toEqual({ username, problem });
  });

  test.each([
    ['4,097 bytes of ASCII', 'x'.repeat(4097)],
    ['4,097 bytes of one and two', `x${'é'.repeat(2048)}`],
    ['4,098 bytes of three each', '漢'.repeat(1366)],
    ['4,097 bytes of three and four', `x${'😀'.repeat(1024)}`],
    ['lone surrogates that would be 4,098 bytes', '\ud800'.repeat(1366)],
    ['10 MB', 'x'.repeat(10_000_000)],
  ])('CS Authentication: a secret of %s, before anything is hashed', (_what, user_secret) => {
    expect(malformed({ ...good, user_secret })).toEqual({
      username: 'someone',
      problem: 'user_secret is longer than 4096 bytes.',
    });
  });

  test('what is too long by its length alone is not scanned', () => {
    const match = jest.spyOn(String.prototype, 'match');
    const isWellFormed = jest.spyOn(String.prototype, 'isWellFormed');
    const encode = jest.spyOn(TextEncoder.prototype, 'encode');
    try {
      malformed({ ...good, username: 'x'.repeat(511) });
      expect([match.mock.calls, isWellFormed.mock.calls]).toEqual([[], []]);
      malformed({ ...good, user_secret: 'x'.repeat(4097) });
      decoded({ ...good, user_secret: 'x'.repeat(1365) });
      expect(encode.mock.calls).toEqual([]);
      decoded({ ...good, user_secret: 'x'.repeat(1366) });
      expect(encode).toHaveBeenCalledTimes(1);
    } finally {
      match.mockRestore();
      isWellFormed.mockRestore();
      encode.mockRestore();
    }
  });

  test('what only a prototype says', () => {
    expect(malformed(Object.create(good)).problem).toBe('username must be a string, and is nothing.');
    const value = JSON.parse('{"__proto__": {"username": "u", "user_secret": "s"}, "constructor": 1}');
    expect(malformed(value).problem).toBe('username must be a string, and is nothing.');
  });
});

describe('decodeSessionInitMessage, whatever comes', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.integer({ min: 0, max: 600 }).map((length) => '😀x'.repeat(length)),
    fc.constantFrom('', '\ud800', 'a'.repeat(255), 'a'.repeat(256), '漢'.repeat(1365), '漢'.repeat(1366)),
  );
  const nearMessage = fc.oneof(
    anyJson,
    fc.record({ username: fc.oneof(text, anyJson), user_secret: fc.oneof(text, anyJson) }, { requiredKeys: [] }),
    fc.record({ username: text, user_secret: text, extra: anyJson }),
    fc.record({
      username: fc.constant('u'),
      user_secret: fc.constant('s'),
      one_time_code: fc.oneof(text, anyJson, fc.string({ minLength: 60, maxLength: 70 })),
    }),
  );

  test('accepts what the shipped schema and the byte limit allow, and nothing else', () => {
    const seen = new Set<boolean>();
    fc.assert(
      fc.property(nearMessage, (value) => {
        const accepted = decodeSessionInitMessage(value) instanceof SessionInitMessage;
        seen.add(accepted);
        expect(accepted).toBe(judgeMessage(value));
      }),
      { numRuns: 2000 },
    );
    expect(seen.size).toBe(2);
  });

  test('repeats no value in the problem, and no user name but a good one', () => {
    const marked = fc.oneof(
      anyJson,
      text.map((inner) => `marked${inner}`),
    );
    fc.assert(
      fc.property(fc.record({ username: marked, user_secret: marked }, { requiredKeys: [] }), (value) => {
        const message = decodeSessionInitMessage(value);
        if (!(message instanceof MalformedSessionInitMessage)) return;
        expect(message.problem).not.toContain('marked');
        expect(message.problem).toMatch(/^(username|user_secret) (is|must be) .{1,60}\.$/);
        expect(['', value.username]).toContain(message.username);
        expect(message.username.length).toBeLessThanOrEqual(510);
      }),
    );
  });
});

describe('a SessionInitMessage', () => {
  test('keeps its secret out of sight', () => {
    const message = new SessionInitMessage('someone', SECRET);
    expect(message.user_secret.reveal()).toBe(SECRET);
    expect(JSON.stringify(message) + inspect(message, { depth: null, showHidden: true })).not.toContain(SECRET);
  });

  test('is written with its secret by encodeSessionInitMessage, and read back', () => {
    const message = new SessionInitMessage('Zoë "x"', new Secret(SECRET));
    const encoded = encodeSessionInitMessage(message);
    expect(encoded).toBe(`{"username":"Zoë \\"x\\"","user_secret":"${SECRET}"}`);
    expect(decoded(JSON.parse(encoded)).user_secret.reveal()).toBe(SECRET);
  });
});
