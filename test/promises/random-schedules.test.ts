import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { SessionInitEngine } from '../../src/machines/run-session-init.js';
import { InitWorld, type Script } from '../support/init-world.js';
import { BEHAVIOURS, type Behaviour } from '../support/scripted-backends.js';

/*
 * Many inits on one orchestrator, with backends, callers, time and drain in any order. Whatever comes of a single init,
 * the promises hold for each. fast-check prints the seed and the shortest schedule that breaks one.
 */

/** A behaviour at a time of its own, which may coincide with a deadline. */
const behaviour: fc.Arbitrary<Behaviour> = fc
  .tuple(fc.constantFrom(...BEHAVIOURS), fc.option(fc.integer({ min: 0, max: 1_400 }), { freq: 3 }))
  .map(([base, after]) =>
    base.synchronously || base.after === undefined || after === null ? base : { ...base, after },
  );

/** Good faith is as likely as all the rest, or few inits would come to their session. */
const mostlyGood = fc.oneof(fc.constant(BEHAVIOURS[0] as Behaviour), behaviour);

const script: fc.Arbitrary<Script> = fc.record({
  authentication: mostlyGood,
  authorization: mostlyGood,
  session: mostlyGood,
});

type Step =
  | { do: 'init'; script: Script; abortable: boolean }
  | { do: 'abort'; which: number }
  | { do: 'turns'; count: number }
  | { do: 'jump'; milliseconds: number }
  | { do: 'pass'; milliseconds: number }
  | { do: 'advance'; milliseconds: number }
  | { do: 'drain'; deadline: number };

const time = fc.oneof(fc.constantFrom(0, 1, 499, 500, 501, 1_200), fc.integer({ min: 0, max: 1_300 }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('init'), script, abortable: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort'), which: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turns'), count: fc.integer({ min: 0, max: 40 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('jump'), milliseconds: fc.integer({ min: -100_000, max: 100_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass'), milliseconds: time }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance'), milliseconds: time }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain'), deadline: time }) },
) as fc.Arbitrary<Step>;

async function play(
  steps: readonly Step[],
  bounds: { engine: SessionInitEngine; maxInFlight: number; maxQueued: number; failingRemovals: number },
) {
  const scripts = new Map<string, Script>();
  const callers: AbortController[] = [];
  // Each user has a script of its own: the backends are told who asks.
  const world = new InitWorld((user) => scripts.get(user) as Script, bounds);
  const { log } = world;
  for (const [index, it] of steps.entries()) {
    if (it.do === 'init') {
      const caller = new AbortController();
      if (it.abortable) callers.push(caller);
      scripts.set(`user-${index}`, it.script);
      world.init(`user-${index}`, caller.signal);
    } else if (it.do === 'abort') callers[it.which % Math.max(1, callers.length)]?.abort();
    else if (it.do === 'turns') for (let turn = 0; turn < it.count; turn++) await undefined;
    else if (it.do === 'jump') world.clock.jump(it.milliseconds);
    else if (it.do === 'pass') world.clock.increment(it.milliseconds);
    else if (it.do === 'advance') await world.clock.advance(it.milliseconds);
    else void world.orchestrator.drain(it.deadline);
  }
  await world.comeToRest();
  world.checkPromises();
  expect(log.created).toBeGreaterThanOrEqual(log.live.size);
  // Nothing is left behind: no timer but that of the sweep.
  expect(world.clock.pending).toBeLessThanOrEqual(1);
  return world;
}

describe('P1-P5 on random schedules', () => {
  test('hold for every init', async () => {
    const states = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.record({
          engine: fc.constantFrom<SessionInitEngine>('compiled', 'actor'),
          maxInFlight: fc.integer({ min: 1, max: 4 }),
          maxQueued: fc.integer({ min: 0, max: 6 }),
          failingRemovals: fc.nat(3),
        }),
        async (steps, bounds) => {
          const world = await play(steps, bounds);
          for (const { state } of world.records) states.add(state);
        },
      ),
      { numRuns: 1_500, interruptAfterTimeLimit: 60_000 },
    );
    // The schedules were no monotony.
    expect(states.size).toBeGreaterThanOrEqual(6);
  }, 120_000);
});
