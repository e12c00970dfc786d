import { ConfigurationError, DefectError } from '../../model/errors.js';
import { Behaviour } from './behaviour.js';

/**
 * A behaviour for each call, in turn: `first(denies()).andThen(hangs()).andAlways(answers())`. One without `andAlways`
 * is for exactly so many calls, and one more is a defect of the test.
 */
export class Sequence<out Outcome = never> {
  readonly steps: readonly Behaviour<Outcome>[];

  constructor(steps: readonly Behaviour<Outcome>[]) {
    this.steps = steps;
  }

  /** What the next call meets, or the next `times` calls. */
  andThen<Next>(behaviour: Behaviour<Next>, times = 1): Sequence<Outcome | Next> {
    return new Sequence<Outcome | Next>([...this.steps, ...repeated(behaviour, times)]);
  }

  /** What every call meets from then on. */
  andAlways<Next>(behaviour: Behaviour<Next>): EndlessSequence<Outcome | Next> {
    return new EndlessSequence<Outcome | Next>(this.steps, checked(behaviour));
  }

  /** What the call with this index meets, from 0. @throws DefectError if there is nothing for it */
  at(index: number, what: string): Behaviour<Outcome> {
    const step = this.steps[index];
    if (step !== undefined) return step;
    const names = this.steps.map(({ plan }) => plan.name).join(', then ');
    throw new DefectError(
      `${what} was called ${index + 1} times, and its script is for ${this.steps.length}: ${names}. ` +
        'Add andThen(…) for one call more, or andAlways(…) for all.',
    );
  }
}

/** A sequence that does not run out. */
export class EndlessSequence<out Outcome = never> {
  readonly steps: readonly Behaviour<Outcome>[];
  readonly rest: Behaviour<Outcome>;

  constructor(steps: readonly Behaviour<Outcome>[], rest: Behaviour<Outcome>) {
    this.steps = steps;
    this.rest = rest;
  }

  at(index: number): Behaviour<Outcome> {
    return this.steps[index] ?? this.rest;
  }
}

/** Begins a sequence: what the first call meets, or the first `times` calls. */
export function first<Outcome>(behaviour: Behaviour<Outcome>, times = 1): Sequence<Outcome> {
  return new Sequence(repeated(behaviour, times));
}

function repeated<Outcome>(behaviour: Behaviour<Outcome>, times: number): Behaviour<Outcome>[] {
  if (!(Number.isSafeInteger(times) && times > 0)) {
    throw new ConfigurationError(`A step of a sequence is for a positive whole number of calls, and not for ${times}.`);
  }
  return Array.from({ length: times }, () => checked(behaviour));
}

function checked<Outcome>(behaviour: Behaviour<Outcome>): Behaviour<Outcome> {
  if (behaviour instanceof Behaviour) return behaviour;
  throw new ConfigurationError(
    'A step of a sequence is a behaviour: answers(…), denies(…), throws(…), hangs() or garbles(…).',
  );
}
