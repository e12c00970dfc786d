import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import * as compile from '../../../src/machines/engine/compile.js';
import * as execution from '../../../src/machines/engine/execution.js';
import { buildMachine, machineSpec } from './random-machine.js';
import { startActor, startCompiled, stepOf, trace } from './script.js';

const engine = { ...compile, ...execution };
const EVENTS = ['e.one', 'e.two', 'e.three', 'e.root', 'e.unknown'];

describe('the engine does what XState does', () => {
  test('on machines at random', async () => {
    await fc.assert(
      fc.asyncProperty(
        machineSpec,
        fc.array(stepOf(EVENTS), { maxLength: 25 }),
        fc.nat(3),
        async (spec, steps, count) => {
          const [theirs, ours] = await Promise.all(
            [startActor, startCompiled(engine)].map((start) =>
              trace((world) => buildMachine(spec, world), start, { count }, steps),
            ),
          );
          expect(ours).toEqual(theirs);
        },
      ),
      { numRuns: Number(process.env['ENGINE_RUNS'] ?? 600), interruptAfterTimeLimit: 90_000 },
    );
  }, 120_000);
});
