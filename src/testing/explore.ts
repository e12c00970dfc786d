import type { SessionInitEngine, TerminalState } from '../index.js';
import { checkExploreOptions } from './exploration/check-options.js';
import { type ExhaustiveBounds, exhaustiveSchedules } from './exploration/exhaustive-schedules.js';
import { seededRandom } from './exploration/random.js';
import { randomSchedule, randomSetting } from './exploration/random-schedule.js';
import { type RunResult, run, runScript } from './exploration/run.js';
import { PLAIN_SETTING, readScript, sentencesOf } from './exploration/script.js';
import { shrink } from './exploration/shrink.js';
import type { WorldOptions } from './exploration/world.js';

/** Options of {@link explore}. */
export interface ExploreOptions extends WorldOptions {
  /** How many random schedules are run. @defaultValue 1_000 */
  runs?: number;
  /** The same seed gives the same schedules. @defaultValue 1 */
  seed?: number;
  /** What runs the machine. @defaultValue `'compiled'` */
  engine?: SessionInitEngine;
  /** Runs all schedules within these bounds, in place of random ones. */
  exhaustive?: ExhaustiveBounds;
  /** Runs this one script, in place of random ones: the `replay` of an earlier {@link BrokenPromise}. */
  replay?: string;
  /** Told after every run. Whoever returns `false` ends the exploration. */
  onRun?: (runs: number) => boolean | undefined;
}

/** A schedule on which a promise was broken. */
export interface BrokenPromise {
  /** `P1` to `P8`. */
  promise: string;
  /** What was seen. */
  says: string;
  /** The shortest schedule that was found, in plain sentences. */
  script: readonly string[];
  /** The same in one line, for {@link ExploreOptions.replay}. */
  replay: string;
  /** Which run it was. */
  run: number;
}

/** What an exploration came to. */
export interface Exploration {
  runs: number;
  seed: number;
  /** How many inits ended in which state. */
  states: Partial<Record<TerminalState, number>>;
  /** Only if a promise was broken. The exploration ends with the first. */
  broken?: BrokenPromise;
}

/**
 * Looks for a schedule on which a promise breaks. The orchestrator that runs in production, its backends, its callers
 * and its time are under one scheduler, which decides what happens next, down to the turn of the microtask queue:
 * a backend answers, well or badly, early or late; a caller leaves; a deadline passes; the process stalls; the service
 * drains. After each step and at the end it is looked whether every promise holds (one answer in time, no orphan, no
 * step skipped, the right reason, no secret told, limits kept). A schedule on which one does not is made as short as
 * it can be.
 *
 * @example
 * ```ts
 * import { memorySessionManager } from 'session-init';
 * import { explore } from 'session-init/testing';
 *
 * const { broken } = await explore({
 *   runs: 500,
 *   backends: (clock, limits) => ({ sessionManager: memorySessionManager({ clock, ...limits }) }),
 * });
 * if (broken !== undefined) throw new Error(`${broken.says}:\n${broken.script.join('\n')}`);
 * ```
 *
 * @throws ConfigurationError if an option cannot work, or the script to replay cannot be read
 */
export async function explore(options: ExploreOptions = {}): Promise<Exploration> {
  checkExploreOptions(options);
  const { seed = 1, onRun } = options;
  const exploration: Exploration = { runs: 0, seed, states: {} };
  for await (const result of schedules(options, seed)) {
    exploration.runs++;
    for (const { state } of result.world.records) exploration.states[state] = (exploration.states[state] ?? 0) + 1;
    if (result.violation !== undefined) {
      const shortest = await shrink(result, options);
      exploration.broken = broken(shortest, exploration.runs);
      break;
    }
    if (onRun?.(exploration.runs) === false) break;
  }
  return exploration;
}

async function* schedules(options: ExploreOptions, seed: number): AsyncGenerator<RunResult, void> {
  const { runs = 1_000, engine = 'compiled', exhaustive, replay } = options;
  if (replay !== undefined) yield await runScript(readScript(replay), options);
  else if (exhaustive !== undefined) yield* exhaustiveSchedules({ ...PLAIN_SETTING, engine }, exhaustive, options);
  else {
    for (let index = 0; index < runs; index++) {
      // A generator of its own, so that the run of a seed is the same whatever came before it.
      const random = seededRandom(seed + index);
      yield await run(randomSetting(random, engine), randomSchedule(random), options);
    }
  }
}

function broken({ script, violation }: RunResult, run: number): BrokenPromise {
  const { promise, says } = violation as NonNullable<typeof violation>;
  const sentences = sentencesOf(script);
  return { promise, says, script: sentences, replay: sentences.join('; '), run };
}
