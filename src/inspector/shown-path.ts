import type { InitRecord } from '../index.js';
import type { BackendStep } from './protocol.js';
import { shortened } from './shortened.js';

const MAX_STEPS = 50;
const MAX_DEPTH = 8;

/** Which backends said what, as it goes to the page: only what is known of it, and not more than a page can show. */
export function shownPath(path: NonNullable<InitRecord['path']>, depth = 0): BackendStep[] {
  if (depth === MAX_DEPTH) return [];
  return path.slice(0, MAX_STEPS).map(({ backend, outcome, cause, milliseconds, path: within }) => {
    const step: BackendStep = { backend: shortened(backend), outcome, milliseconds };
    if (cause !== undefined) step.cause = shortened(cause);
    if (within !== undefined) step.path = shownPath(within, depth + 1);
    return step;
  });
}
