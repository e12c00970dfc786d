import { expect, test } from '@jest/globals';
import { type PathStep, showsGuess } from '../../src/model/backend-path.js';

const step = (outcome: PathStep['outcome'], cause?: string, path?: readonly PathStep[]): PathStep => ({
  ...{ backend: 'x', outcome, cause, path },
  milliseconds: 1,
});

test.each<[boolean, string, readonly PathStep[]]>([
  [false, 'no step', []],
  [false, 'a fault alone', [step('failed', 'backend_fault')]],
  [false, 'a yes and a fault', [step('authenticated'), step('failed', 'overloaded')]],
  [false, 'a user whom nobody knows', [step('denied', 'unknownUser'), step('failed', 'backend_fault')]],
  [true, 'a wrong secret', [step('failed', 'backend_fault'), step('denied', 'wrongSecret')]],
  [true, 'a no without a cause', [step('denied')]],
  [true, 'a wrong secret within a fault', [step('failed', 'backend_fault', [step('denied', 'wrongSecret')])]],
  [false, 'a composition that nobody within denied', [step('denied', 'notEnrolled', [step('authenticated')])]],
  [false, 'a secret with too few parts', [step('denied', 'missingFactor', [])]],
])('%s for %s', (expected, _, path) => {
  expect(showsGuess(path)).toBe(expected);
});
