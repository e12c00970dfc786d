import { expect } from '@jest/globals';
import fc from 'fast-check';
import type {
  GuessAnswer,
  GuessAttempt,
  GuessPlace,
  GuessRules,
  GuessStore,
  GuessVerdict,
} from '../../src/adapters/guess-store.js';
import { type SimulatedClock, simulatedClock } from '../../src/testing/simulated-clock.js';

export const WINDOW = 60_000;
export const LEASE = 5_000;

export function rulesOf(kind: GuessRules['kind'], maxFailures: number, maxFailuresAtKnown = 0): GuessRules {
  return { kind, maxFailures, maxFailuresAtKnown, window: WINDOW, lease: LEASE, clearsOnSuccess: kind === 'account' };
}

/** Names that somebody may assert who wants to get in the way of others. */
const KEYS = [
  'alice',
  'Alice',
  'al\0ice',
  'a{1}b',
  '\ud800',
  '\ud801',
  '\ufffd',
  '💥'.repeat(127),
  'a:b',
  "'; DROP TABLE guess; --",
];

type Step =
  | { readonly do: 'reserve'; readonly key: string; readonly from: string; readonly kind: GuessRules['kind'] }
  | { readonly do: 'settle'; readonly which: number; readonly verdict: GuessVerdict; readonly twice: boolean }
  | { readonly do: 'pass'; readonly milliseconds: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('reserve' as const),
        key: fc.oneof(
          { weight: 20, arbitrary: fc.constant('alice') },
          { weight: 1, arbitrary: fc.constantFrom(...KEYS) },
        ),
        from: fc.constantFrom('home', 'work', 'elsewhere'),
        kind: fc.oneof(
          { weight: 4, arbitrary: fc.constant('account' as const) },
          { weight: 1, arbitrary: fc.constant('address' as const) },
        ),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        which: fc.nat({ max: 2 }),
        verdict: fc.constantFrom<GuessVerdict>('denied', 'denied', 'succeeded', 'withdrawn'),
        twice: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('pass' as const),
        milliseconds: fc.constantFrom(1, LEASE - 1, LEASE, WINDOW - LEASE, WINDOW - 1, WINDOW),
      }),
    },
  ),
  { minLength: 100, maxLength: 150 },
);

interface Count {
  failures: number;
  until: number;
  /** Until when each place is taken. */
  readonly places: Map<number, number>;
}

interface Expected {
  readonly outcome: GuessAnswer['outcome'];
  readonly atKnown: boolean;
  readonly retryAfter?: number;
}

interface Held {
  readonly attempt: GuessAttempt;
  readonly place: GuessPlace;
  readonly count: Count;
  readonly id: number;
}

/** The port as it is meant, in the plainest way. */
class Model {
  readonly #counts = new Map<string, Count>();
  readonly #known = new Set<string>();
  #ids = 0;

  reserve({ rules, key, from }: GuessAttempt, now: number): { answer: Expected; count: Count; id: number } {
    const atKnown = rules.maxFailuresAtKnown > 0 && this.#known.has(JSON.stringify([key, from]));
    const count = this.#countOf(JSON.stringify([rules.kind, key, atKnown]));
    const failures = count.until > now ? count.failures : 0;
    const taken = [...count.places.values()].filter((end) => end > now).length;
    const limit = atKnown ? rules.maxFailuresAtKnown : rules.maxFailures;
    const id = this.#ids++;
    if (failures >= limit) return { answer: { outcome: 'locked', atKnown, retryAfter: count.until - now }, count, id };
    if (failures + taken >= limit) return { answer: { outcome: 'busy', atKnown }, count, id };
    count.places.set(id, now + rules.lease);
    return { answer: { outcome: 'reserved', atKnown }, count, id };
  }

  settle({ attempt: { rules, key, from }, count, id }: Held, verdict: GuessVerdict, now: number): void {
    count.places.delete(id);
    if (verdict === 'denied') {
      if (count.until <= now || count.failures === 0) Object.assign(count, { failures: 0, until: now + rules.window });
      count.failures++;
    } else if (verdict === 'succeeded') {
      if (rules.clearsOnSuccess) count.failures = 0;
      if (rules.maxFailuresAtKnown > 0) this.#known.add(JSON.stringify([key, from]));
    }
  }

  #countOf(name: string): Count {
    const count = this.#counts.get(name) ?? { failures: 0, until: 0, places: new Map() };
    this.#counts.set(name, count);
    return count;
  }
}

/**
 * Holds a store against the model over random attempts, outcomes and times.
 *
 * @param open - a store without any counts, on that clock
 * @param isShared - whether places are leases, and settling twice is as good as once
 */
export async function checkAgainstModel(
  open: (clock: SimulatedClock) => GuessStore | Promise<GuessStore>,
  { isShared, runs }: { isShared: boolean; runs: number },
): Promise<void> {
  const lease = isShared ? LEASE : Number.MAX_SAFE_INTEGER;
  const rules = { account: { ...rulesOf('account', 3, 2), lease }, address: { ...rulesOf('address', 4), lease } };
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const clock = simulatedClock();
      const store = await open(clock);
      const model = new Model();
      const held: Held[] = [];
      try {
        for (const step of script) {
          if (step.do === 'pass') {
            clock.increment(step.milliseconds);
          } else if (step.do === 'reserve') {
            const attempt = {
              rules: rules[step.kind],
              key: step.key,
              ...(step.kind === 'account' && { from: step.from }),
            };
            const expected = model.reserve(attempt, clock.now());
            const answer = await store.reserve(attempt);
            expect(answer).toMatchObject(expected.answer);
            if (answer.outcome === 'reserved')
              held.push({ attempt, place: answer, count: expected.count, id: expected.id });
          } else {
            const [settled] = held.splice(step.which, 1);
            if (settled === undefined) continue;
            const isLeased = clock.now() < (settled.count.places.get(settled.id) ?? 0);
            model.settle(settled, step.verdict, clock.now());
            await store.settle(settled.attempt, settled.place, step.verdict);
            if (isShared && step.twice && isLeased) await store.settle(settled.attempt, settled.place, step.verdict);
          }
        }
      } finally {
        await store.close?.();
      }
    }),
    // To look for a smaller case takes minutes on a real store.
    { numRuns: runs, endOnFailure: isShared },
  );
}
