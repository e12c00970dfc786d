import { ConfigurationError } from '../../index.js';
import { unknownOptions } from '../../model/known-options.js';
import type { ExhaustiveBounds } from './exhaustive-schedules.js';

/** Of `ExploreOptions`, what can be wrong. */
interface GivenOptions {
  runs?: unknown;
  seed?: unknown;
  engine?: unknown;
  exhaustive?: ExhaustiveBounds;
  replay?: unknown;
}

const KNOWN = ['runs', 'seed', 'engine', 'exhaustive', 'replay', 'onRun', 'backends', 'orchestrator'];
const KNOWN_OF_BOUNDS = ['inits', 'deviations', 'turns', 'part'];

/** @throws ConfigurationError with every problem: an exploration of nothing finds nothing, and looks well */
export function checkExploreOptions(options: GivenOptions): void {
  const { runs, seed, engine, exhaustive, replay } = options;
  const problems = [
    ...unknownOptions('explore', options, KNOWN),
    ...whole('runs', runs, 1),
    ...whole('seed', seed, 0),
    ...(engine === undefined || engine === 'compiled' || engine === 'actor'
      ? []
      : ["engine must be 'compiled' or 'actor'."]),
    ...(replay === undefined || typeof replay === 'string' ? [] : ['replay must be a script, as text.']),
    ...(exhaustive === undefined ? [] : boundsProblems(exhaustive)),
  ];
  if (problems.length > 0) throw new ConfigurationError(problems.join(' '), { problems });
}

function boundsProblems(bounds: ExhaustiveBounds): string[] {
  const { inits, deviations, turns, part } = bounds;
  return [
    ...unknownOptions('exhaustive', bounds, KNOWN_OF_BOUNDS),
    ...whole('exhaustive.inits', inits, 1),
    ...whole('exhaustive.deviations', deviations, 0),
    ...whole('exhaustive.turns', turns, 0),
    ...(part === undefined ? [] : whole('exhaustive.part.of', part.of, 1)),
    ...(part === undefined ? [] : whole('exhaustive.part.index', part.index, 0, part.of - 1)),
  ];
}

function whole(name: string, value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): string[] {
  const isWhole = Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
  if (value === undefined || isWhole) return [];
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  return [`${name} must be a whole number ${range}, and is ${String(value)}.`];
}
