import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Slots } from '../../src/model/slots.js';

/** One who has asked for a place. */
interface Asker {
  readonly controller: AbortController;
  state: 'waits' | 'has it' | 'left' | 'gave it back';
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('places', () => {
  test('are handed out in the order in which they were asked for, to those who still wait', async () => {
    const happening = fc.oneof(
      { weight: 3, arbitrary: fc.constant({ is: 'asks' as const, which: 0 }) },
      { weight: 2, arbitrary: fc.record({ is: fc.constant('gives back' as const), which: fc.nat(5) }) },
      { weight: 2, arbitrary: fc.record({ is: fc.constant('leaves' as const), which: fc.nat(9) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(happening), async (size, happenings) => {
        const slots = new Slots(size);
        const askers: Asker[] = [];
        const expected: Asker['state'][] = [];
        const those = (state: Asker['state']) => expected.flatMap((it, index) => (it === state ? [index] : []));
        const pick = (from: number[], which: number) => from[which % Math.max(from.length, 1)];
        for (const { is, which } of happenings) {
          if (is === 'asks') {
            const asker: Asker = { controller: new AbortController(), state: 'waits' };
            askers.push(asker);
            expected.push(those('has it').length < size ? 'has it' : 'waits');
            slots.acquire(asker.controller).then(
              () => {
                asker.state = 'has it';
              },
              () => {
                asker.state = 'left';
              },
            );
          } else if (is === 'gives back') {
            const index = pick(those('has it'), which);
            if (index === undefined) continue;
            (askers[index] as Asker).state = 'gave it back';
            expected[index] = 'gave it back';
            const [next] = those('waits');
            if (next !== undefined) expected[next] = 'has it';
            slots.release();
          } else {
            const index = pick(those('waits'), which);
            if (index === undefined) continue;
            expected[index] = 'left';
            (askers[index] as Asker).controller.abort(new Error('gone'));
          }
          await settled();
          expect(askers.map(({ state }) => state)).toEqual(expected);
          expect(slots.waiting).toBe(those('waits').length);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('one who has left before asking gets none, and takes none', async () => {
    const slots = new Slots(1);
    expect(slots.take()).toBe(true);
    const gone = new Error('gone');
    await expect(slots.acquire({ signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
    expect(slots.waiting).toBe(0);
    slots.release();
    expect(slots.take()).toBe(true);
  });
});
