import type { InitSummary } from '../protocol.js';

/** One step of an init: what happened, and where it led. */
export interface InitStep {
  /** Milliseconds from the start. */
  at: number;
  state: string;
  what: string;
  isFault: boolean;
}

/** The way of an init, from its events, or from its phases if it was not sampled. */
export function stepsOf(init: InitSummary, initial: string): InitStep[] {
  const begin: InitStep = { at: 0, state: initial, what: 'The request came in.', isFault: false };
  if (init.events !== undefined) {
    const steps = init.events.map(({ at, state, isFault = false, ...event }) => ({
      at,
      state,
      what: wordsOf(event),
      isFault,
    }));
    return [begin, ...steps];
  }
  let at = 0;
  const steps: InitStep[] = [begin];
  let what = 'The request was read, and is in order.';
  for (const [state, spent] of init.phases) {
    steps.push({ at, state, what, isFault: false });
    at += spent;
    what = `${state} is done.`;
  }
  const phase = init.phases.at(-1)?.[0];
  const last =
    phase === undefined ? 'The request was read.' : `${phase} is over${init.cause ? `: ${init.cause}` : '.'}`;
  return [...steps, { at, state: init.state, what: last, isFault: false }];
}

function wordsOf({ type, says, actor }: { type: string; says?: string; actor?: string }): string {
  if (type === 'xstate.init') return 'The request was read.';
  if (actor !== undefined) {
    return type.startsWith('xstate.error.') ? `${actor} failed: ${says}` : `${actor} answered: ${says}`;
  }
  const [, delay] = /^xstate\.after\.(\w+)\./.exec(type) ?? [];
  if (delay !== undefined) return `Nobody answered in time: ${delay} is over.`;
  return type === 'request.cancel' ? `It was ended from outside: ${says}.` : type;
}
