import { expect, test } from '@jest/globals';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { FullAuthSession, Session } from '../../src/model/session.js';
import { SessionInitResponse } from '../../src/model/session-init-response.js';

test('success is never true without a session', () => {
  const session = new Session({ session_id: 1 });
  const full = new FullAuthSession({ session_id: 1, ip_address: '::' });
  const failure = new FailedSessionInitInfo({ user: '' });
  const successOf = (success: boolean, data: SessionInitResponse['data']) =>
    new SessionInitResponse({ success, reason: '', data }).success;
  expect([session, full, failure].map((data) => successOf(true, data))).toEqual([true, true, false]);
  expect([session, full, failure].map((data) => successOf(false, data))).toEqual([false, false, false]);
});

test('a response has the properties of the seed, in its order, and an empty message by default', () => {
  const data = new FailedSessionInitInfo({ user: '' });
  expect(Object.entries(new SessionInitResponse({ success: false, reason: 'r', data }))).toEqual([
    ['success', false],
    ['reason', 'r'],
    ['message', ''],
    ['data', data],
  ]);
  expect(new SessionInitResponse({ success: false, reason: 'r', message: 'm', data }).message).toBe('m');
});

test('a failure has what it was given, and UNKNOWN by default', () => {
  expect(Object.entries(new FailedSessionInitInfo({ user: '' }))).toEqual([
    ['user', ''],
    ['reason', 'UNKNOWN'],
  ]);
  const all = {
    user: 'u',
    reason: 'OTHER',
    fail_time: new Date(0),
    details: '',
    code: 'draining',
    reference_id: '',
    retry_after: 0,
  } as const;
  expect(Object.entries(new FailedSessionInitInfo(all))).toEqual(Object.entries(all));
  const none = { fail_time: undefined, details: undefined, code: undefined, reference_id: undefined };
  expect(
    Object.keys(new FailedSessionInitInfo({ user: '', reason: undefined, ...none, retry_after: undefined })),
  ).toEqual(['user', 'reason']);
});
