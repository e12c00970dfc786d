import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { resilient } from '../../../src/adapters/resilience/index.js';
import { Secret } from '../../../src/index.js';
import { simulatedClock } from '../../../src/testing/index.js';
import { said, type Word } from '../../support/said.js';

/** What happens, one after the other: a call that the backend answers so, one that is given up, or time that passes. */
const arbitraryEvent = fc.oneof(
  {
    // Most fail: else a breaker hardly ever opens, and there is nothing to compare.
    arbitrary: fc.constantFrom<Word | 'given up'>('fault', 'fault', 'garbage', 'yes', 'wrong', 'overload', 'given up'),
    weight: 5,
  },
  { arbitrary: fc.integer({ min: 1, max: 250 }), weight: 2 },
);

const FAILURES = 3;
const OPEN_FOR = 100;

/** An oracle: what a breaker must do, told by its history alone. */
class Oracle {
  #failures = 0;
  #openUntil: number | undefined;

  /** @returns whether the backend is asked */
  asks(now: number): boolean {
    return this.#openUntil === undefined || now >= this.#openUntil;
  }

  learns(word: Word | 'given up', now: number): void {
    const isTrial = this.#openUntil !== undefined;
    if (word === 'yes' || word === 'wrong') {
      this.#failures = 0;
      this.#openUntil = undefined;
    } else if (isTrial) this.#openUntil = now + OPEN_FOR;
    else if (word !== 'overload' && word !== 'given up' && ++this.#failures >= FAILURES)
      this.#openUntil = now + OPEN_FOR;
  }
}

test('the breaker asks and refuses as its history says, whatever that is', async () => {
  let refusals = 0;
  let trials = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryEvent, { minLength: 5, maxLength: 40 }), async (events) => {
      const clock = simulatedClock();
      let word: Word | 'given up' = 'yes';
      let caller = new AbortController();
      const backend = said('corp', async (credentials, options) => {
        // Who gives up a call that tries the backend does not end it: it fails here of its own.
        if (word === 'given up') {
          caller.abort();
          throw new Error('given up');
        }
        return said('corp', word).authenticate(credentials, options);
      });
      const guarded = resilient(backend, { clock, breaker: { failures: FAILURES, openFor: OPEN_FOR } });
      const oracle = new Oracle();
      let isOpenFor = false;
      for (const event of events) {
        if (typeof event === 'number') {
          clock.increment(event);
          continue;
        }
        word = event;
        caller = new AbortController();
        const asked = backend.seen.length;
        const expected = oracle.asks(clock.monotonic());
        const call = guarded.authenticate(
          { username: 'alice', secret: new Secret('marked-user-secret-1') },
          { signal: caller.signal },
        );
        await call.catch(() => {});
        expect(backend.seen.length - asked).toBe(expected ? 1 : 0);
        if (expected) oracle.learns(event, clock.monotonic());
        else refusals++;
        if (isOpenFor && expected) trials++;
        isOpenFor = !oracle.asks(clock.monotonic());
      }
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 1_500 },
  );
  expect(refusals).toBeGreaterThan(100);
  expect(trials).toBeGreaterThan(20);
}, 120_000);
