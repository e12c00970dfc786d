import { isDeepStrictEqual } from 'node:util';
import type { InitRecording } from '../../index.js';
import { isJsonObject } from '../../model/json.js';

/** Where a replay first differs from its recording. */
export interface Difference {
  /** `step 3`, or a path in the response such as `data.reason`. */
  at: string;
  recorded: unknown;
  replayed: unknown;
  /** All of it in a sentence. */
  says: string;
}

type Outcome = Pick<InitRecording, 'steps' | 'response'>;

/** The way comes first: of a response that is another one, it says why. Times of steps are those of a run, and no difference. */
export function firstDifference(recorded: Outcome, replayed: Outcome): Difference | undefined {
  const length = Math.max(recorded.steps.length, replayed.steps.length);
  for (let index = 0; index < length; index++) {
    const [was, is] = [recorded.steps[index]?.state, replayed.steps[index]?.state];
    if (was !== is) return differenceAt(`step ${index + 1}`, was, is);
  }
  return differenceIn('', recorded.response, replayed.response);
}

function differenceIn(path: string, recorded: unknown, replayed: unknown): Difference | undefined {
  if (!isJsonObject(recorded) || !isJsonObject(replayed)) {
    return isDeepStrictEqual(recorded, replayed) ? undefined : differenceAt(path, recorded, replayed);
  }
  for (const key of new Set([...Object.keys(recorded), ...Object.keys(replayed)])) {
    const difference = differenceIn(path === '' ? key : `${path}.${key}`, recorded[key], replayed[key]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function differenceAt(at: string, recorded: unknown, replayed: unknown): Difference {
  return { at, recorded, replayed, says: `${at}: recorded ${shown(recorded)}, and replayed ${shown(replayed)}` };
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
