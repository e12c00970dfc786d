import { describe, expect, jest, test } from '@jest/globals';
import { Escrow } from '../../src/machines/escrow.js';

const STEPS = ['deposit', 'claim', 'release', 'revoke'] as const;

type Step = (typeof STEPS)[number];

/** What an escrow must have done after these steps, and how often it was undone: by the words of its documentation. */
function expected(steps: readonly Step[]): number {
  let fate: 'claimed' | 'given up' | undefined;
  let holds = false;
  let undone = 0;
  for (const step of steps) {
    if (step === 'claim' && fate === undefined) fate = 'claimed';
    if (step === 'release' && fate === undefined) fate = 'given up';
    if (step === 'revoke') fate = 'given up';
    if (step === 'deposit') {
      if (fate === undefined) holds = true;
      else undone += 1;
    }
    if (fate === 'given up' && holds) {
      undone += 1;
      holds = false;
    }
  }
  return undone;
}

function all(length: number): Step[][] {
  if (length === 0) return [[]];
  return all(length - 1).flatMap((steps) => STEPS.map((step) => [...steps, step]));
}

/** One deposit: what a machine creates, it creates once. */
const ORDERS = [1, 2, 3, 4]
  .flatMap(all)
  .filter((steps) => steps.filter((step) => step === 'deposit').length === 1)
  .map((steps) => [steps.join(', '), steps] as const);

describe('an escrow', () => {
  test.each(ORDERS)('%s', (_, steps) => {
    const escrow = new Escrow();
    const undo = jest.fn();
    for (const step of steps) {
      if (step === 'deposit') escrow.deposit(undo);
      else escrow[step]();
    }
    expect(undo).toHaveBeenCalledTimes(expected(steps));
  });
});
