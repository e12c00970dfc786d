import { describe, expect, test } from '@jest/globals';
import { encodeSessionInitResponse } from '../../src/model/encode-response.js';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { Secret } from '../../src/model/secret.js';
import { FullAuthSession, Session } from '../../src/model/session.js';
import { type SessionInitData, SessionInitResponse } from '../../src/model/session-init-response.js';

const SECRET = 'marked-session-secret-'.padEnd(64, '0');
const TIME = new Date('2019-12-10T16:27:54.007Z');

function respond(data: SessionInitData): SessionInitResponse {
  return new SessionInitResponse({ success: true, reason: 'Successful Auth', message: 'm', data });
}

const full = respond(
  new FullAuthSession({
    session_id: 1,
    session_secret: new Secret(SECRET),
    created: TIME,
    last_accessed: TIME,
    ip_address: '10.0.1.6',
    user: 'someone',
  }),
);
const failed = respond(
  new FailedSessionInitInfo({
    user: 'someone',
    reason: 'OTHER',
    fail_time: TIME,
    details: 'No.',
    code: 'overloaded',
    reference_id: 'r',
    retry_after: 1,
  }),
);

describe('encodeSessionInitResponse writes', () => {
  test('a FullAuthSession whole, its secret included, times in RFC 3339 by default', () => {
    const text =
      '{"success":true,"reason":"Successful Auth","message":"m","data":{"session_id":1,' +
      `"session_secret":"${SECRET}","created":"2019-12-10T16:27:54.007Z","last_accessed":"2019-12-10T16:27:54.007Z",` +
      '"ip_address":"10.0.1.6","user":"someone"}}';
    expect(encodeSessionInitResponse(full)).toBe(text);
    expect(encodeSessionInitResponse(full, {})).toBe(text);
    expect(encodeSessionInitResponse(full, { profile: 'rfc3339' })).toBe(text);
  });

  test('times as DMOD parses them in the dmod profile, and nothing else otherwise', () => {
    expect(encodeSessionInitResponse(full, { profile: 'dmod' })).toBe(
      encodeSessionInitResponse(full).replaceAll('2019-12-10T16:27:54.007Z', '2019-12-10 16:27:54.007000'),
    );
    expect(encodeSessionInitResponse(failed, { profile: 'dmod' })).toBe(
      encodeSessionInitResponse(failed).replaceAll('2019-12-10T16:27:54.007Z', '2019-12-10 16:27:54.007000'),
    );
  });

  test('a Session without what is absent', () => {
    expect(encodeSessionInitResponse(respond(new Session({ session_id: 1 })))).toBe(
      '{"success":true,"reason":"Successful Auth","message":"m","data":{"session_id":1}}',
    );
  });

  test('a failure with its additional properties', () => {
    expect(encodeSessionInitResponse(failed)).toBe(
      '{"success":false,"reason":"Successful Auth","message":"m","data":{"user":"someone","reason":"OTHER",' +
        '"fail_time":"2019-12-10T16:27:54.007Z","details":"No.","code":"overloaded","reference_id":"r","retry_after":1}}',
    );
  });

  test('a failure without what is absent, but with the reason in upper case', () => {
    expect(encodeSessionInitResponse(respond(new FailedSessionInitInfo({ user: '' })))).toBe(
      '{"success":false,"reason":"Successful Auth","message":"m","data":{"user":"","reason":"UNKNOWN"}}',
    );
  });
});

test('encodeSessionInitResponse writes well-formed text of any user', () => {
  const user = '\ud800 \u2028\u0000 "\\';
  const text = encodeSessionInitResponse(respond(new FailedSessionInitInfo({ user })));
  expect(text.isWellFormed()).toBe(true);
  expect(JSON.parse(text).data.user).toBe(user);
});

test.each(['rfc3339', 'dmod'] as const)('encodeSessionInitResponse throws for an invalid time: %s', (profile) => {
  for (const property of ['created', 'last_accessed'] as const) {
    const bad = respond(new Session({ session_id: 1, [property]: new Date(Number.NaN) }));
    expect(() => encodeSessionInitResponse(bad, { profile })).toThrow(RangeError);
  }
  const bad = respond(new FailedSessionInitInfo({ user: '', fail_time: new Date(8.64e15) }));
  expect(() => encodeSessionInitResponse(bad, { profile })).toThrow(RangeError);
});

test('JSON.stringify of a response shows no secret, and says what writes it', () => {
  expect(JSON.parse(JSON.stringify(full)).data.session_secret).toContain('encodeSessionInitResponse()');
  expect(JSON.stringify(full)).not.toContain('marked');
});
