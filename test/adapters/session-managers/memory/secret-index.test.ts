import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SecretIndex } from '../../../../src/adapters/session-managers/memory/secret-index.js';
import { SessionRows } from '../../../../src/adapters/session-managers/memory/session-rows.js';

/** Hashes that all want one of a few places, and differ in any one of their words: SHA-256 will not do that for us. */
const crowdedHash = fc
  .record({
    place: fc.constantFrom(0, 1, 14, 15, 31, 0x7fffffff, -1),
    word: fc.integer({ min: 2, max: 7 }),
    value: fc.nat(20),
  })
  .map(({ place, word, value }) => {
    const hash = new Int32Array(8);
    hash[1] = place;
    hash[word] = value;
    return hash;
  });

describe('SecretIndex', () => {
  test('finds what is in it and nothing else, however crowded its places are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(crowdedHash, fc.boolean()), { minLength: 20, maxLength: 300, size: 'max' }),
        (steps) => {
          const rows = new SessionRows();
          const index = new SecretIndex(rows);
          const expected = new Map<string, { row: number; hash: Int32Array }>();
          for (const [hash, add] of steps) {
            const key = hash.join();
            const known = expected.get(key);
            expect(index.find(hash)).toBe(known?.row ?? 0);
            if (known !== undefined && !add) {
              index.remove(known.row);
              rows.free(known.row);
              expected.delete(key);
            } else if (known === undefined) {
              const row = rows.allocate();
              rows.setHash(row, hash);
              index.add(row);
              expected.set(key, { row, hash });
            }
          }
          for (const { row, hash } of expected.values()) expect(index.find(hash)).toBe(row);
          for (const { row, hash } of expected.values()) {
            index.remove(row);
            expect(index.find(hash)).toBe(0);
            rows.free(row);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a hash that differs in one bit is another', () => {
    const rows = new SessionRows();
    const index = new SecretIndex(rows);
    const hash = Int32Array.from({ length: 8 }, (_, i) => i * 0x01234567);
    const row = rows.allocate();
    rows.setHash(row, hash);
    index.add(row);
    for (let bit = 0; bit < 256; bit += 1) {
      const other = hash.slice();
      other[bit >> 5] = (other[bit >> 5] as number) ^ (1 << (bit & 31));
      expect(index.find(other)).toBe(0);
    }
    expect(index.find(hash)).toBe(row);
  });
});
