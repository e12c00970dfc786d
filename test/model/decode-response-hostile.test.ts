import { describe, expect, jest, test } from '@jest/globals';
import { decodeSessionInitResponse } from '../../src/model/decode-response.js';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { FullAuthSession, Session } from '../../src/model/session.js';
import { decode, FAILURE, FULL, SECRET } from '../support/decode-data.js';
import { revealed } from '../support/revealed.js';

describe('hostile input', () => {
  test('deep JSON is not walked', () => {
    let deep: unknown = 'bottom';
    for (let level = 0; level < 100_000; level++) deep = level % 2 === 0 ? [deep] : { deep };
    expect(decode({ ...FULL, extra: deep }).data).toBeInstanceOf(FullAuthSession);
    const typeWith = (name: string) => decode({ ...FULL, ...FAILURE, [name]: deep }).data.constructor.name;
    expect(['session_id', 'session_secret', 'created'].map(typeWith)).toEqual(Array(3).fill('FailedSessionInitInfo'));
    expect(['ip_address', 'user'].map(typeWith)).toEqual(Array(2).fill('Session'));
    expect(['reason', 'fail_time', 'details', 'code'].map(typeWith)).toEqual(Array(4).fill('FullAuthSession'));
    expect(decode({ ...FAILURE, fail_time: deep }).data).toHaveProperty('reason', 'SESSION_DETAILS_MISSING');
    expect(decode(deep).data).toBeInstanceOf(FailedSessionInitInfo);
    expect(decodeSessionInitResponse({ success: deep, reason: deep }).data).toHaveProperty(
      'code',
      'malformed_response',
    );
  });

  test('10 MB strings in every property end as they must', () => {
    for (const unit of ['1', ':', '%', '😀', '\ud800', '\udc00', 'UNKNOWN', '1.1.1.', '2019-12-10T16:27:54.']) {
      const big = unit.repeat(10_000_000 / unit.length);
      const every = Object.fromEntries(Object.keys({ ...FULL, ...FAILURE }).map((name) => [name, big]));
      for (const data of [
        big,
        every,
        { ...every, session_id: 1 },
        { ...every, session_id: 1, session_secret: SECRET },
        { ...every, reason: 'OTHER' },
        { ...FAILURE, reason: big },
      ]) {
        const decoded = decodeSessionInitResponse({ success: true, reason: big, message: big, data });
        expect([decoded.success, decoded.reason.length, decoded.message.length]).toEqual([
          false,
          big.length,
          big.length,
        ]);
        expect(decoded.data).toMatchObject({ user: '', reason: 'SESSION_DETAILS_MISSING' });
        expect((decoded.data as FailedSessionInitInfo).details?.length).toBeLessThan(300);
      }
      expect(decode({ ...FULL, ip_address: big }).data.constructor).toBe(Session);
      expect(decode({ ...FULL, user: big }).data).toHaveProperty('user', big);
    }
  });

  test('a secret or a time that is too long is refused by its length, before it is scanned', () => {
    const match = jest.spyOn(String.prototype, 'match');
    const exec = jest.spyOn(RegExp.prototype, 'exec');
    try {
      decode({ session_id: 1, session_secret: 'x'.repeat(129) });
      decode({ session_id: 1, created: '2'.repeat(65), user: 'u', fail_time: '2'.repeat(65) });
      expect([match.mock.calls, exec.mock.calls]).toEqual([[], []]);
      decode({ session_id: 1, session_secret: 'x'.repeat(128), created: '2'.repeat(64) });
      expect(match).toHaveBeenCalledTimes(1);
      decode({ session_id: 1, created: '2'.repeat(64) });
      expect(exec).toHaveBeenCalled();
    } finally {
      match.mockRestore();
      exec.mockRestore();
    }
  });

  test('only the known properties are read, each once for each variant, whatever else is there', () => {
    const reads: string[] = [];
    const observed = (target: object): object =>
      new Proxy(target, {
        get(object, name, receiver) {
          reads.push(String(name));
          return Reflect.get(object, name, receiver);
        },
        has: () => {
          throw new Error('asked what it has');
        },
        ownKeys: () => {
          throw new Error('enumerated');
        },
        getPrototypeOf: () => {
          throw new Error('asked for its prototype');
        },
      });
    const noise = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`noise-${index}`, index]));
    const ofSession = ['session_id', 'session_secret', 'created', 'last_accessed'];
    const ofFull = [...ofSession, 'ip_address', 'user'];
    const ofFailure = ['user', 'reason', 'fail_time', 'details', 'code', 'reference_id', 'retry_after'];
    const additions = { code: 'a', reference_id: 'b', retry_after: 1 };
    const cases = [
      [FULL, ofFull],
      [{ ...FULL, ...FAILURE, user: 1 }, ofFull],
      [{ ...FULL, ...FAILURE, ...additions, last_accessed: 1 }, [...ofSession, ...ofFailure]],
      [{ ...FAILURE, ...additions, session_id: '1' }, ['session_id', ...ofFailure]],
    ] as const;
    for (const [data, expected] of cases) {
      reads.length = 0;
      decodeSessionInitResponse(
        observed({ ...noise, success: true, reason: 'r', data: observed({ ...noise, ...data }) }),
      );
      expect(reads).toEqual(['success', 'reason', 'data', ...expected]);
    }
  });

  test('the names of an object’s machinery are properties like others', () => {
    const value = JSON.parse(`{
      "__proto__": {"success": true, "reason": "p", "data": {"session_id": 9}},
      "constructor": {"prototype": {"success": true}}, "hasOwnProperty": 1, "toString": null,
      "success": false, "reason": "own", "toJSON": 1,
      "data": {"__proto__": {"session_id": 9, "ip_address": "::"}, "constructor": "x", "hasOwnProperty": 2, "user": "u"}
    }`);
    expect(revealed(decodeSessionInitResponse(value))).toStrictEqual({
      success: false,
      reason: 'own',
      message: '',
      type: 'FailedSessionInitInfo',
      data: { user: 'u', reason: 'UNKNOWN' },
    });
    expect(({} as Record<string, unknown>)['session_id']).toBeUndefined();
    const inherited = JSON.parse('{"__proto__": {"success": true, "reason": "p"}}');
    expect(decodeSessionInitResponse(inherited).data).toHaveProperty('code', 'malformed_response');
    expect(decodeSessionInitResponse(Object.create({ success: true, reason: 'p', data: FULL })).data).toHaveProperty(
      'code',
      'malformed_response',
    );
  });

  test('a polluted prototype adds nothing', () => {
    const values = [{}, { success: true, reason: 'r' }, { success: true, reason: 'r', data: {} }];
    const sessions = [{ session_id: 1 }, { user: 'u' }].map((data) => ({ success: true, reason: 'r', data }));
    const clean = [...values, ...sessions].map((value) => revealed(decodeSessionInitResponse(value)));
    const pollution = { success: true, reason: 'OTHER', message: 'p', data: FULL, ...FULL, details: 'p', code: 'p' };
    try {
      for (const [name, value] of Object.entries(pollution)) {
        Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
      }
      expect([...values, ...sessions].map((value) => revealed(decodeSessionInitResponse(value)))).toEqual(clean);
    } finally {
      for (const name of Object.keys(pollution)) Reflect.deleteProperty(Object.prototype, name);
    }
  });

  test.each(['\u2028\u0000', '\ud800', '\udfff\ud83d', 'a\nb\t"c"\\', '\u202e\u001b[31m', '👩‍👩‍👧'])(
    'the user %j comes out as it is',
    (user) => {
      expect(decode({ ...FULL, user }).data).toHaveProperty('user', user);
      expect(decode({ ...FAILURE, user, details: user }).data).toMatchObject({ user, details: user });
    },
  );
});
