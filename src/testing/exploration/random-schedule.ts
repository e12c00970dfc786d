import type { Random } from './random.js';
import type { Scheduler } from './run.js';
import {
  BACKENDS,
  type BackendName,
  type Deed,
  OUTCOMES,
  type Outcome,
  POLICIES,
  type Setting,
  USERS,
} from './script.js';
import type { World } from './world.js';

/** Before, at and after every deadline. */
const TIMES = [0, 1, 499, 500, 501, 700, 1_199, 1_200];

/** A world as tight or as wide as chance will have it. */
export function randomSetting(random: Random, engine: Setting['engine']): Setting {
  return {
    engine,
    limitPolicy: random.pick(POLICIES),
    maxSessionsPerUser: 1 + random.below(3),
    maxInFlight: 1 + random.below(4),
    maxQueued: random.below(5),
    maxFailures: random.chance(0.5) ? 1 + random.below(3) : 0,
  };
}

/** What is likely in a run. Some are all patience and some all haste; in some there are few faults, in some guesses. */
interface Mood {
  readonly inits: number;
  readonly users: readonly string[];
  /** How likely a step does not wait until everything has come to rest. */
  readonly haste: number;
  /** How likely a backend answers something else than a yes. */
  readonly trouble: number;
  /** How likely an authenticator says no. */
  readonly guessing: number;
}

/** Wanders about: a few inits, each backend mostly in good faith, and anything at any moment. */
export function randomSchedule(random: Random): Scheduler {
  const mood: Mood = {
    inits: 1 + random.below(7),
    users: USERS.slice(0, random.pick([1, 1, 2, 3])),
    haste: random.pick([0, 0.2, 0.6]),
    trouble: random.pick([0.1, 0.3, 0.6]),
    guessing: random.pick([0, 0, 0.4, 0.7]),
  };
  let left = 4 * mood.inits + random.below(8);
  return {
    moment: () => {
      if (left-- <= 0) return undefined;
      return random.chance(mood.haste) ? random.pick([0, 0, 1, 2, 3, random.below(24)]) : 'atRest';
    },
    deed: (world) => randomDeed(random, world, mood),
  };
}

function randomDeed(random: Random, world: World, mood: Mood): Deed {
  const isMore = world.stories.size < mood.inits;
  if (isMore && random.chance(0.4)) return randomInit(random, world, mood);
  if (random.chance(mood.trouble / 2)) return randomTrouble(random, world);
  const calls = [...world.calls];
  if (calls.length > 0) {
    const { backend, story, hasCreated } = random.pick(calls);
    if (hasCreated) return { do: 'answer', backend, init: story.name, outcome: 'yes' };
    if (backend === 'session manager' && random.chance(0.2)) return { do: 'create', init: story.name };
    return { do: 'answer', backend, init: story.name, outcome: randomOutcome(random, backend, mood) };
  }
  return isMore ? randomInit(random, world, mood) : randomTrouble(random, world);
}

function randomInit(random: Random, world: World, mood: Mood): Deed {
  const atOnce: Partial<Record<BackendName, Outcome>> = {};
  for (const backend of BACKENDS) if (random.chance(0.15)) atOnce[backend] = randomOutcome(random, backend, mood);
  return { do: 'init', init: nextName(world, random.pick(mood.users)), atOnce };
}

/** `alice`, and if there is one already `alice#2`. */
export function nextName(world: World, user: string): string {
  const before = [...world.stories.values()].filter((story) => story.user === user).length;
  return before === 0 ? user : `${user}#${before + 1}`;
}

function randomOutcome(random: Random, backend: BackendName, { guessing, trouble }: Mood): Outcome {
  if (backend === 'authenticator' && random.chance(guessing)) return 'no';
  return random.chance(trouble) ? random.pick(OUTCOMES) : 'yes';
}

function randomTrouble(random: Random, world: World): Deed {
  const unanswered = world.unanswered.filter(({ hasLeft }) => !hasLeft);
  const kind = random.below(20);
  if (kind < 5 && unanswered.length > 0) return { do: 'leave', init: random.pick(unanswered).name };
  if (kind < 6 && world.drain === undefined) return { do: 'drain', milliseconds: random.pick(TIMES) };
  if (kind < 8) return { do: 'failRemoval' };
  if (kind < 12) return { do: 'stall', milliseconds: random.pick(TIMES) };
  return { do: 'pass', milliseconds: random.chance(0.7) ? random.pick(TIMES) : random.below(1_300) };
}
