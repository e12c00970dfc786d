import { expect, test } from '@jest/globals';
import { MemoryGuessStore } from '../../src/orchestration/memory-guess-store.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import { checkAgainstModel, rulesOf, WINDOW } from '../support/guess-store-model.js';

test('P8: it is the model, whatever comes', () =>
  checkAgainstModel((clock) => new MemoryGuessStore(clock), { isShared: false, runs: 200 }));

test('the wall clock has no say: who sets it forward lets nobody in', async () => {
  const clock = simulatedClock();
  const store = new MemoryGuessStore(clock);
  const attempt = { rules: rulesOf('account', 1), key: 'alice' };
  const place = await store.reserve(attempt);
  if (place.outcome === 'reserved') await store.settle(attempt, place, 'denied');
  clock.jump(2 * WINDOW);
  expect(await store.reserve(attempt)).toEqual({ outcome: 'locked', atKnown: false, retryAfter: WINDOW });
});
