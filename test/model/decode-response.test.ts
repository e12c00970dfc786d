import { describe, expect, test } from '@jest/globals';
import { decodeSessionInitResponse } from '../../src/model/decode-response.js';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { Secret } from '../../src/model/secret.js';
import { FullAuthSession, Session } from '../../src/model/session.js';
import { SessionInitResponse } from '../../src/model/session-init-response.js';
import { decode, FAILURE, FULL, SECRET } from '../support/decode-data.js';
import { revealed } from '../support/revealed.js';
import { readDecodeExamples } from '../support/seed.js';

/** The properties of a failure that took the place of `data`. */
function missing(problem: string): object {
  return {
    success: false,
    reason: 'Successful Auth',
    message: '',
    type: 'FailedSessionInitInfo',
    data: {
      user: '',
      reason: 'SESSION_DETAILS_MISSING',
      code: 'session_details_missing',
      details: `The response has no valid session details: ${problem}.`,
    },
  };
}

describe('the observed cases', () => {
  const examples = readDecodeExamples();

  test('are 55', () => {
    expect(new Set(examples.map(({ id }) => id)).size).toBe(55);
  });

  test.each(examples.map((example) => [example.id, example] as const))('%s', (_id, { input, expect: expected }) => {
    const decoded = decodeSessionInitResponse(input);
    expect(decoded.success).toBe(expected.success);
    expect(decoded.data.constructor.name).toBe(expected.data_type);
    expect(decoded.data).toMatchObject(expected.data);
  });
});

describe('data decodes to', () => {
  test('a FullAuthSession with every property', () => {
    const decoded = decode(FULL);
    expect(decoded).toBeInstanceOf(SessionInitResponse);
    expect(decoded.data).toBeInstanceOf(FullAuthSession);
    expect(revealed(decoded)).toStrictEqual({
      success: true,
      reason: 'Successful Auth',
      message: '',
      type: 'FullAuthSession',
      data: {
        session_id: 1,
        session_secret: { secret: SECRET },
        created: { milliseconds: Date.parse('2019-12-10T16:27:54Z') },
        last_accessed: { milliseconds: Date.parse('2019-12-10T16:40:01.250Z') },
        ip_address: '10.0.1.6',
        user: 'someone',
      },
    });
  });

  test('a FullAuthSession of the user default, where nothing but the required is there', () => {
    expect(revealed(decode({ session_id: 7, ip_address: '::' }))).toStrictEqual({
      success: true,
      reason: 'Successful Auth',
      message: '',
      type: 'FullAuthSession',
      data: { session_id: 7, ip_address: '::', user: 'default' },
    });
  });

  test('a Session, where nothing but the id is there; what is absent stays absent', () => {
    const { data } = decode({ session_id: 7 });
    expect(data).toBeInstanceOf(Session);
    expect(data).not.toBeInstanceOf(FullAuthSession);
    expect(Object.keys(data)).toEqual(['session_id']);
  });

  test('a Session, where the address or the user does not fit', () => {
    for (const misfit of [{ ip_address: '1.2.3' }, { ip_address: 1 }, { user: null }, { user: 5 }]) {
      const { data } = decode({ ...FULL, ...misfit });
      expect([data.constructor.name, Object.keys(data)]).toEqual([
        'Session',
        ['session_id', 'session_secret', 'created', 'last_accessed'],
      ]);
    }
  });

  test('a FailedSessionInitInfo with every property, success forced', () => {
    const decoded = decode({ ...FAILURE, code: 'a', reference_id: 'b', retry_after: 3 });
    expect(decoded.data).toBeInstanceOf(FailedSessionInitInfo);
    expect(revealed(decoded)).toStrictEqual({
      success: false,
      reason: 'Successful Auth',
      message: '',
      type: 'FailedSessionInitInfo',
      data: {
        user: 'someone',
        reason: 'AUTHENTICATION_DENIED',
        fail_time: { milliseconds: Date.parse('2019-12-10T16:27:54.500Z') },
        details: 'No.',
        code: 'a',
        reference_id: 'b',
        retry_after: 3,
      },
    });
  });

  test('a FailedSessionInitInfo of UNKNOWN, where nothing but the user is there', () => {
    const { data } = decode({ user: '' });
    expect(data.constructor).toBe(FailedSessionInitInfo);
    expect({ ...data }).toStrictEqual({ user: '', reason: 'UNKNOWN' });
  });

  test('a FailedSessionInitInfo without details, where they are null as in the reference', () => {
    expect({ ...decode({ user: 'u', details: null }).data }).toStrictEqual({ user: 'u', reason: 'UNKNOWN' });
  });

  test('a failure without the additional properties that have another type', () => {
    const odd = { user: 'u', code: 1, reference_id: null };
    for (const retry_after of ['1', 1.5, -1, 2 ** 53, null, true]) {
      expect({ ...decode({ ...odd, retry_after }).data }).toStrictEqual({ user: 'u', reason: 'UNKNOWN' });
    }
    for (const retry_after of [0, 1, Number.MAX_SAFE_INTEGER]) {
      expect({ ...decode({ ...odd, retry_after }).data }).toStrictEqual({ user: 'u', reason: 'UNKNOWN', retry_after });
    }
    expect(decode({ user: 'u', retry_after: -0 }).data).toHaveProperty('retry_after', 0);
  });

  test('a session before a failure, and a failure where the session does not fit', () => {
    expect(decode({ ...FAILURE, session_id: 4 }).data.constructor).toBe(Session);
    expect(decode({ ...FULL, session_secret: null }).data).toEqual(
      new FailedSessionInitInfo({ user: 'someone', reason: 'UNKNOWN' }),
    );
  });
});

describe('what fits no variant is said in details:', () => {
  test.each([
    ['no data', undefined, 'data must be an object, and is nothing'],
    ['null', null, 'data must be an object, and is null'],
    ['a string', 'marked', 'data must be an object, and is a string'],
    ['an integer', 5, 'data must be an object, and is an integer'],
    ['a number', -1.5, 'data must be an object, and is a number'],
    ['a boolean', true, 'data must be an object, and is a boolean'],
    ['an array', [FULL], 'data must be an object, and is an array'],
    [
      'an empty object',
      {},
      'data is neither a session (session_id must be an integer, and is nothing) nor a FailedSessionInitInfo (user must be a string, and is nothing)',
    ],
    [
      'an id as a string',
      { session_id: '1' },
      'data is neither a session (session_id must be an integer, and is a string) nor a FailedSessionInitInfo (user must be a string, and is nothing)',
    ],
    [
      'an id that is not safe, a user that is null',
      { session_id: 2 ** 53, user: null },
      'data is neither a session (session_id must be an integer, and is an integer beyond 2^53 - 1) nor a FailedSessionInitInfo (user must be a string, and is null)',
    ],
    [
      'a short secret, another reason',
      { session_id: 1, session_secret: 'marked', user: 'marked', reason: 'marked' },
      'data is neither a session (session_secret must be a string of 64 characters, and is another string) nor a FailedSessionInitInfo (reason must be one of the nine reasons, and is another string)',
    ],
    [
      'a secret that is null, a reason that is a number',
      { session_id: 1, session_secret: null, user: 'marked', reason: 2 },
      'data is neither a session (session_secret must be a string of 64 characters, and is null) nor a FailedSessionInitInfo (reason must be one of the nine reasons, and is an integer)',
    ],
    [
      'times that are none',
      { session_id: 1, created: 'marked', user: 'marked', fail_time: 'marked' },
      'data is neither a session (created must be an RFC 3339 time, and is another string) nor a FailedSessionInitInfo (fail_time must be an RFC 3339 time, and is another string)',
    ],
    [
      'times and details of another type',
      { session_id: 1, last_accessed: 1575994000, user: 'marked', details: ['marked'] },
      'data is neither a session (last_accessed must be an RFC 3339 time, and is an integer) nor a FailedSessionInitInfo (details must be a string, and is an array)',
    ],
    [
      'a time that is null',
      { session_id: 1, created: null },
      'data is neither a session (created must be an RFC 3339 time, and is null) nor a FailedSessionInitInfo (user must be a string, and is nothing)',
    ],
  ])('%s', (_what, data, problem) => {
    expect(revealed(decode(data))).toStrictEqual(missing(problem));
    expect(JSON.stringify(decode(data))).not.toContain('marked');
  });
});

describe('what is no response decodes to a failure with OTHER and malformed_response:', () => {
  const good = { success: true, reason: 'Successful Auth', message: '', data: FULL };

  test.each([
    ['nothing', undefined, 'it must be an object, and is nothing'],
    ['null', null, 'it must be an object, and is null'],
    ['a string', 'marked', 'it must be an object, and is a string'],
    ['an array', [good], 'it must be an object, and is an array'],
    ['an empty object', {}, 'success must be a boolean, and is nothing'],
    ['success of 1', { ...good, success: 1 }, 'success must be a boolean, and is an integer'],
    ['success as a string', { ...good, success: 'true' }, 'success must be a boolean, and is a string'],
    ['success of null', { ...good, success: null }, 'success must be a boolean, and is null'],
    ['no reason', { success: true, data: FULL }, 'reason must be a string, and is nothing'],
    ['a reason of null', { ...good, reason: null }, 'reason must be a string, and is null'],
    ['a message of null', { ...good, message: null }, 'message must be a string, and is null'],
    ['a message that is an object', { ...good, message: {} }, 'message must be a string, and is an object'],
  ])('%s', (_what, value, problem) => {
    expect(revealed(decodeSessionInitResponse(value))).toStrictEqual({
      success: false,
      reason: 'Failed Auth',
      message: '',
      type: 'FailedSessionInitInfo',
      data: {
        user: '',
        reason: 'OTHER',
        code: 'malformed_response',
        details: `What came is not a SessionInitResponse: ${problem}.`,
      },
    });
  });
});

test('reason and message are kept as they came, and an absent message is empty', () => {
  const value = { success: false, reason: 'Ω\n', message: ' m\u0000 ', data: FULL };
  expect(decodeSessionInitResponse(value)).toMatchObject({ success: false, reason: 'Ω\n', message: ' m\u0000 ' });
  expect(decodeSessionInitResponse({ success: true, reason: '', data: FULL })).toMatchObject({
    success: true,
    reason: '',
    message: '',
  });
});

describe('session_id', () => {
  test.each([1, 0, -3, 1e3, 2147483648, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])('%p fits', (session_id) => {
    expect(decode({ session_id }).data).toEqual(new Session({ session_id }));
  });

  test('-0 is the id 0', () => {
    expect(decode(JSON.parse('{"session_id": -0}')).data).toHaveProperty('session_id', 0);
  });

  test.each([1.5, 2 ** 53, -(2 ** 53), 1e300, JSON.parse('1e999'), '1', '1e3', '', true, false, null, [1], {}])(
    '%j does not fit',
    (session_id) => {
      expect(decode({ ...FULL, session_id }).data).toBeInstanceOf(FailedSessionInitInfo);
    },
  );
});

describe('session_secret has 64 characters, as JSON Schema counts them', () => {
  test.each([
    ['hex', SECRET],
    ['spaces', ' '.repeat(64)],
    ['64 astral characters', '😀'.repeat(64)],
    ['astral and others', `${'😀'.repeat(10)}${'x'.repeat(54)}`],
    ['64 lone surrogates', '\udc00'.repeat(64)],
    ['lone surrogates that are no pair', '\ud800x\udc00y'.repeat(16)],
  ])('%s', (_what, text) => {
    const { data } = decode({ session_id: 1, session_secret: text });
    expect(data).toBeInstanceOf(Session);
    expect((data as Session).session_secret).toBeInstanceOf(Secret);
    expect((data as Session).session_secret?.reveal()).toBe(text);
  });

  test.each([
    ['none', ''],
    ['63', 'x'.repeat(63)],
    ['65', 'x'.repeat(65)],
    ['32 astral characters in 64 code units', '😀'.repeat(32)],
    ['63 in 64 code units', `😀${'x'.repeat(62)}`],
    ['65 in 66 code units', `😀${'x'.repeat(64)}`],
    ['65 astral characters', '😀'.repeat(65)],
  ])('and not %s', (_what, session_secret) => {
    expect(decode({ ...FULL, session_secret }).data.constructor).toBe(FailedSessionInitInfo);
  });
});
