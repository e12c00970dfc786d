import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeSessionInitResponse } from '../../src/model/decode-response.js';
import { encodeSessionInitResponse } from '../../src/model/encode-response.js';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { FullAuthSession, Session } from '../../src/model/session.js';
import { SessionInitResponse } from '../../src/model/session-init-response.js';
import { revealed } from '../support/revealed.js';
import { anyJson, nearData, nearResponse, response } from '../support/wire-arbitraries.js';
import { judgeData } from '../support/wire-judge.js';

jest.setTimeout(60_000);

const RUNS = { numRuns: 500 };

/** The strings in a JSON value, the names of properties included. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...stringsIn(inner)]);
}

const KNOWN_NAMES = new Set(['session_id', 'session_secret', 'created', 'last_accessed', 'ip_address', 'user']);
for (const name of ['success', 'reason', 'message', 'data', 'fail_time', 'details']) KNOWN_NAMES.add(name);

describe('decodeSessionInitResponse, judged by Ajv with the shipped schemas', () => {
  test('gives a response for any JSON value', () => {
    fc.assert(
      fc.property(fc.oneof(anyJson, nearResponse), (value) => {
        const decoded = decodeSessionInitResponse(value);
        expect(decoded).toBeInstanceOf(SessionInitResponse);
        expect(typeof decoded.success).toBe('boolean');
        expect(typeof decoded.reason).toBe('string');
        expect(typeof decoded.message).toBe('string');
        expect([FullAuthSession, Session, FailedSessionInitInfo]).toContain(decoded.data.constructor);
        expect(decoded.success && decoded.data instanceof FailedSessionInitInfo).toBe(false);
      }),
      RUNS,
    );
  });

  test('decodes data to the first variant that fits, and forces success', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(nearData, fc.boolean(), (data, success) => {
        const variant = judgeData(data);
        seen.add(variant);
        const decoded = decodeSessionInitResponse({ success, reason: 'r', message: 'm', data });
        const expected = variant === 'none' ? 'FailedSessionInitInfo' : variant;
        expect(decoded.data.constructor.name).toBe(expected);
        expect(decoded).toMatchObject({
          success: success && expected !== 'FailedSessionInitInfo',
          reason: 'r',
          message: 'm',
        });
        if (variant === 'none') {
          expect(decoded.data).toMatchObject({ user: '', reason: 'SESSION_DETAILS_MISSING' });
        }
      }),
      { numRuns: 3000 },
    );
    expect(seen).toEqual(new Set(['FullAuthSession', 'Session', 'FailedSessionInitInfo', 'none']));
  });

  test('says what came without repeating a value or a name of the input', () => {
    let replaced = 0;
    fc.assert(
      fc.property(nearResponse, (value) => {
        const { data } = decodeSessionInitResponse(value);
        const code = data instanceof FailedSessionInitInfo ? data.code : undefined;
        const came = JSON.stringify(value);
        // A failure that came with one of these codes is its sender's own.
        if (code !== 'malformed_response' && code !== 'session_details_missing') return;
        if (!(data instanceof FailedSessionInitInfo) || came.includes(code)) return;
        replaced++;
        for (const text of stringsIn(value)) {
          if (text.length > 3 && !KNOWN_NAMES.has(text)) expect(data.details?.includes(text)).toBe(false);
        }
      }),
      RUNS,
    );
    expect(replaced).toBeGreaterThan(50);
  });

  test.each(['rfc3339', 'dmod'] as const)('reads back whatever the encoder writes: %s', (profile) => {
    fc.assert(
      fc.property(response, (original) => {
        const decoded = decodeSessionInitResponse(JSON.parse(encodeSessionInitResponse(original, { profile })));
        expect(revealed(decoded)).toStrictEqual(revealed(original));
      }),
      RUNS,
    );
  });

  test.each(['rfc3339', 'dmod'] as const)('is idempotent over the encoder, whatever came: %s', (profile) => {
    fc.assert(
      fc.property(nearResponse, (value) => {
        const decoded = decodeSessionInitResponse(value);
        const encoded = encodeSessionInitResponse(decoded, { profile });
        const again = decodeSessionInitResponse(JSON.parse(encoded));
        expect(revealed(again)).toStrictEqual(revealed(decoded));
        expect(encodeSessionInitResponse(again, { profile })).toBe(encoded);
      }),
      RUNS,
    );
  });

  test('ignores properties that the seed does not name, wherever they are', () => {
    fc.assert(
      fc.property(
        nearData,
        fc.dictionary(
          fc.string().map((name) => `x-${name}`),
          anyJson,
        ),
        (data, extra) => {
          const plain = { success: true, reason: 'r', data };
          const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
          const extended = { ...extra, ...plain, data: isObject ? { ...extra, ...data } : data };
          expect(revealed(decodeSessionInitResponse(extended))).toStrictEqual(
            revealed(decodeSessionInitResponse(plain)),
          );
        },
      ),
      RUNS,
    );
  });
});
