import { createHash } from 'node:crypto';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { hashSessionSecret, newSessionSecret } from '../../src/adapters/session-secret.js';
import { Secret } from '../../src/model/secret.js';

const COUNT = 100_000;
const LENGTH = 64;
const DIGITS = '0123456789abcdef';

/** How far counts are from being all equal. With 15 degrees of freedom, fair counts exceed 75 once in 10^9. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('newSessionSecret', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('ASVS 7.2.3, RFC 6749 §10.10: 64 hex characters, no repeats and no bias over 1e5', () => {
    const seen = new Set<string>();
    const counts = Array.from({ length: LENGTH }, () => new Uint32Array(128));
    let malformed = 0;
    for (let i = 0; i < COUNT; i += 1) {
      const secret = newSessionSecret().reveal();
      if (!/^[0-9a-f]{64}$/.test(secret)) malformed += 1;
      seen.add(secret);
      counts.forEach((ofPosition, position) => {
        ofPosition[secret.charCodeAt(position)] = (ofPosition[secret.charCodeAt(position)] as number) + 1;
      });
    }
    expect([malformed, seen.size]).toEqual([0, COUNT]);
    const byDigit = counts.map((ofPosition) =>
      Array.from(DIGITS, (digit) => ofPosition[digit.charCodeAt(0)] as number),
    );
    for (const ofPosition of byDigit) expect(chiSquare(ofPosition)).toBeLessThan(75);
    const overall = Array.from(DIGITS, (_, digit) => byDigit.reduce((sum, of) => sum + (of[digit] as number), 0));
    expect(chiSquare(overall)).toBeLessThan(75);
  });

  test('the measure of bias can fail', () => {
    expect(chiSquare([...new Array<number>(15).fill(6_250), 6_250 * 1.15])).toBeGreaterThan(75);
  });

  test('ASVS 7.2.3: nothing of it comes from Math.random', () => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(0.5);
    expect(newSessionSecret().reveal()).not.toBe(newSessionSecret().reveal());
    expect(random).not.toHaveBeenCalled();
  });
});

describe('hashSessionSecret', () => {
  test('is the SHA-256 of the UTF-8 of a secret', () => {
    for (const text of ['', 'marked-session-secret', 'ÿ\0é語\u{1f600}', 'x'.repeat(10_000)]) {
      const expected = createHash('sha256').update(text, 'utf8').digest('hex');
      expect(hashSessionSecret(new Secret(text)).toString('hex')).toBe(expected);
    }
  });
});
