import { expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { hasLength } from '../../src/model/text-length.js';

jest.setTimeout(60_000);

test.each([
  ['', 0, 0, true],
  ['', 1, 2, false],
  ['a', 1, 1, true],
  ['ab', 1, 1, false],
  ['abc', 1, 1, false],
  ['ab', 3, 4, false],
  ['😀', 1, 1, true],
  ['😀', 2, 2, false],
  ['😀😀', 2, 2, true],
  ['a😀b', 3, 3, true],
  ['\ud800', 1, 1, true],
  ['\udc00\ud800', 2, 2, true],
  ['\ud800\ud800\udc00', 2, 2, true],
])('hasLength(%j, %d, %d) is %p', (text, min, max, expected) => {
  expect(hasLength(text, min, max)).toBe(expected);
});

test('hasLength counts code points', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '😀', '\ud83d', '\ude00', 'é'), maxLength: 12 });
  fc.assert(
    fc.property(text, fc.nat(8), fc.nat(8), (value, min, more) => {
      const length = [...value].length;
      expect(hasLength(value, min, min + more)).toBe(length >= min && length <= min + more);
    }),
  );
});

test('hasLength scans neither what is certainly too long nor what is too short', () => {
  const match = jest.spyOn(String.prototype, 'match');
  try {
    expect([hasLength('aaaaa', 1, 2), hasLength('a', 2, 9)]).toEqual([false, false]);
    expect(match).not.toHaveBeenCalled();
    expect(hasLength('aaaa', 1, 2)).toBe(false);
    expect(match).toHaveBeenCalledTimes(1);
  } finally {
    match.mockRestore();
  }
});
