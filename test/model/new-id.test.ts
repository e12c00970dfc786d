import { expect, test } from '@jest/globals';
import { newId } from '../../src/model/new-id.js';

test('an id is 22 characters of which none needs an escape, and no other is the same', () => {
  const ids = Array.from({ length: 10_000 }, newId);
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
  expect(new Set(ids).size).toBe(ids.length);
});

test('every bit of an id is random', () => {
  const bits = Array.from({ length: 128 }, () => new Set<number>());
  for (let count = 0; count < 100; count++) {
    const bytes = Buffer.from(newId(), 'base64url');
    for (const [bit, seen] of bits.entries()) seen.add(((bytes[bit >> 3] as number) >> (bit & 7)) & 1);
  }
  expect(bits.map((seen) => seen.size)).toEqual(Array(128).fill(2));
});
