import { nextName } from './random-schedule.js';
import { type RunResult, run } from './run.js';
import { BACKENDS, type Deed, type Moment, OUTCOMES, type Setting } from './script.js';
import { isUnanswered } from './story.js';
import { DEADLINES, type World, type WorldOptions } from './world.js';

/** How far an exhaustive exploration goes. */
export interface ExhaustiveBounds {
  /** Inits in each run, all of which begin. @defaultValue 2 */
  inits?: number;
  /**
   * How often a run does something else than the next thing that leads straight to a session: another backend's answer,
   * another answer, a caller that leaves, time, a drain; or does it before all has come to rest. @defaultValue 2
   */
  deviations?: number;
  /** A step may come at once after the one before, or so many turns of the microtask queue later. @defaultValue 0 */
  turns?: number;
  /**
   * Only a part of them, so that several processes can share them out: the one at `index`, from 0, of so many. Together
   * the parts are the whole, in its order. @defaultValue all
   */
  part?: { index: number; of: number };
}

/**
 * All schedules within the bounds, one after the other, in the same order each time. Left out is what would show the
 * same again: users who swap their names, time that passes without a timer being due, refusals to who has got an answer.
 */
export async function* exhaustiveSchedules(
  setting: Setting,
  bounds: ExhaustiveBounds = {},
  options?: WorldOptions,
): AsyncGenerator<RunResult, void> {
  const { inits = 2, deviations: most = 2, turns = 0, part = { index: 0, of: 1 } } = bounds;
  const moments: Moment[] = ['atRest', ...Array.from({ length: turns + 1 }, (_, turn) => turn)];

  async function* visit(deviations: readonly Deviation[]): AsyncGenerator<RunResult, void> {
    /** How many choices there were at each position. */
    const widths: number[] = [];
    const choose = <Choice>(choices: readonly Choice[]): Choice | undefined => {
      const position = widths.length;
      widths.push(choices.length);
      return choices[deviations.find((it) => it.position === position)?.choice ?? 0];
    };
    const scheduler = {
      moment: () => choose(moments),
      deed: (world: World) => choose(possibleDeeds(world, inits)),
    };
    const result = await run(setting, scheduler, options);
    // Every part needs the straight way, to see where it can be left.
    if (deviations.length > 0 || part.index === 0) yield result;
    if (deviations.length === most) return;
    const first = (deviations.at(-1)?.position ?? -1) + 1;
    const next = widths.flatMap((width, position) =>
      position < first ? [] : Array.from({ length: width - 1 }, (_, choice) => ({ position, choice: choice + 1 })),
    );
    const [from, to] = deviations.length > 0 ? [0, next.length] : sliceOf(next.length, part);
    for (const deviation of next.slice(from, to)) yield* visit([...deviations, deviation]);
  }

  yield* visit([]);
}

/** Where a part of so many begins and ends. */
function sliceOf(length: number, { index, of }: { index: number; of: number }): [from: number, to: number] {
  return [Math.floor((index * length) / of), Math.floor(((index + 1) * length) / of)];
}

/** A choice other than the first one. */
interface Deviation {
  position: number;
  choice: number;
}

/** What can happen now; first what leads straight to a session for everybody, or nothing if that needs no help. */
function possibleDeeds(world: World, inits: number): (Deed | undefined)[] {
  const deeds: (Deed | undefined)[] = [];
  if (world.stories.size < inits) deeds.push({ do: 'init', init: nextName(world, 'alice'), atOnce: {} });
  const calls = [...world.calls];
  for (const { backend, story } of calls) deeds.push({ do: 'answer', backend, init: story.name, outcome: 'yes' });
  if (deeds.length === 0) deeds.push(undefined);
  if (world.unanswered.length + calls.length === 0) return deeds;
  for (const { backend, story, hasCreated } of calls) {
    if (hasCreated || !isUnanswered(story)) continue;
    if (backend === 'session manager') deeds.push({ do: 'create', init: story.name });
    for (const outcome of OUTCOMES.slice(1)) deeds.push({ do: 'answer', backend, init: story.name, outcome });
  }
  for (const { name, hasLeft } of world.unanswered) if (!hasLeft) deeds.push({ do: 'leave', init: name });
  for (const milliseconds of dueTimes(world)) {
    deeds.push({ do: 'pass', milliseconds }, { do: 'stall', milliseconds });
  }
  if (world.drain === undefined) deeds.push({ do: 'drain', milliseconds: 0 }, { do: 'drain', milliseconds: 500 });
  deeds.push({ do: 'failRemoval' });
  return deeds;
}

/** How long it is until each deadline of an init that is under way. */
function dueTimes(world: World): number[] {
  const now = world.clock.monotonic();
  const times = new Set<number>();
  for (const { asked, startedAt } of world.unanswered) {
    const since = BACKENDS.map((backend) => asked[backend]).filter((it) => it !== undefined);
    times.add((since.at(-1) ?? startedAt) + DEADLINES.session - now);
    times.add(startedAt + DEADLINES.request - now);
  }
  return [...times].filter((time) => time > 0).sort((left, right) => left - right);
}
