import { describe, expect, test } from '@jest/globals';
import { afterId, isSessionId, itemCount, requireUser } from '../../src/adapters/session-arguments.js';
import { SessionLifetime } from '../../src/adapters/session-lifetime.js';
import { BackendFaultError, ConfigurationError } from '../../src/model/errors.js';

describe('SessionLifetime', () => {
  test('has the defaults that are documented', () => {
    expect({ ...new SessionLifetime() }).toEqual({
      idleTimeout: 1_800_000,
      absoluteLifetime: 86_400_000,
      maxSessionsPerUser: 100,
      limitPolicy: 'evictOldest',
    });
  });

  test.each(['idleTimeout', 'absoluteLifetime', 'maxSessionsPerUser'] as const)(
    'refuses a %s that cannot work',
    (option) => {
      for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '5' as unknown as number]) {
        expect(() => new SessionLifetime({ [option]: value })).toThrow(ConfigurationError);
        expect(() => new SessionLifetime({ [option]: value })).toThrow(option);
      }
    },
  );

  test('refuses a policy that does not exist', () => {
    expect(() => new SessionLifetime({ limitPolicy: 'evictNewest' as 'allow' })).toThrow(/limitPolicy must be one of/);
  });

  test('a session ends by whichever limit comes first', () => {
    const lifetime = new SessionLifetime({ idleTimeout: 10, absoluteLifetime: 100 });
    expect(lifetime.endsAt(1_000, 1_000)).toBe(1_010);
    expect(lifetime.endsAt(1_000, 1_095)).toBe(1_100);
    expect([lifetime.createdTooEarly(1_100), lifetime.usedTooEarly(1_100)]).toEqual([1_000, 1_090]);
  });
});

describe('what a session manager is asked with', () => {
  test('a user name is a string of well-formed Unicode', () => {
    for (const user of ['', 'alice', '\u{1f600}', '\0']) expect(() => requireUser(user)).not.toThrow();
    for (const user of ['\ud800', 'a\udc00b', undefined, null, 7, {}]) {
      expect(() => requireUser(user)).toThrow(BackendFaultError);
    }
  });

  test('an id is a positive safe integer', () => {
    for (const id of [1, 2 ** 53 - 1]) expect(isSessionId(id)).toBe(true);
    for (const id of [0, -0, -1, 1.5, 2 ** 53, Number.NaN, '1', 1n, null, undefined])
      expect(isSessionId(id)).toBe(false);
  });

  test('counts and the beginnings of pages are brought into their range', () => {
    expect([0, -1, Number.NaN, 0.5, 1.9, 7, 1e9, Number.POSITIVE_INFINITY].map(itemCount)).toEqual([
      0, 0, 0, 0, 1, 7, 1_000_000, 1_000_000,
    ]);
    expect([undefined, -5, Number.NaN, 1.9, 7, Number.POSITIVE_INFINITY].map(afterId)).toEqual([
      0,
      0,
      0,
      1,
      7,
      Number.MAX_SAFE_INTEGER,
    ]);
  });
});
