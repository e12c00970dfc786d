import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { UnderWay, type UnderWayEntry } from '../../src/orchestration/under-way.js';

describe('what is under way', () => {
  test('is listed in the order in which it began, whatever has ended in between', () => {
    const steps = fc.array(fc.oneof(fc.constant('begin' as const), fc.nat({ max: 20 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (script) => {
        const underWay = new UnderWay<number>();
        const expected: UnderWayEntry<number>[] = [];
        for (const [index, step] of script.entries()) {
          if (step === 'begin') expected.push(underWay.begin(index));
          else if (expected.length > 0) {
            const [ended] = expected.splice(step % expected.length, 1) as [UnderWayEntry<number>];
            underWay.end(ended);
            expect(ended).toMatchObject({ isUnderWay: false, previous: undefined, next: undefined });
          }
          expect(underWay.list().map(({ item }) => item)).toEqual(expected.map(({ item }) => item));
          expect(underWay.list().every(({ isUnderWay }) => isUnderWay)).toBe(true);
        }
      }),
    );
  });
});
