import { ANY_STATE, type InitSummary, type TakenTransition } from '../protocol.js';

/** One step of an init: what happened, and where it led. */
export interface InitStep {
  /** Milliseconds from the start. */
  at: number;
  state: string;
  /** In which it was before: {@link ANY_STATE} if that made no difference. */
  from?: string;
  /** By which transition it came there, if that is known. */
  taken?: TakenTransition;
  what: string;
  isFault: boolean;
}

/** The way of an init, from its events, or from its phases if it was not sampled. */
export function stepsOf(init: InitSummary, initial: string): InitStep[] {
  const begin: InitStep = { at: 0, state: initial, what: 'The request came in.', isFault: false };
  if (init.events !== undefined) {
    const steps = init.events.map(({ at, state, from = initial, taken, isFault = false, ...event }) => ({
      ...{ at, state, from, what: wordsOf(event), isFault },
      ...(taken !== undefined && { taken }),
    }));
    return [begin, ...steps];
  }
  let at = 0;
  const steps: InitStep[] = [begin];
  let what = 'The request was read, and is in order.';
  let from = initial;
  for (const [state, spent] of init.phases) {
    steps.push({ at, state, from, what, isFault: false });
    at += spent;
    from = state;
    what = `${state} is done.`;
  }
  const phase = init.phases.at(-1)?.[0];
  const last =
    phase === undefined ? 'The request was read.' : `${phase} is over${init.cause ? `: ${init.cause}` : '.'}`;
  if (init.code === 'cancelled' || init.code === 'draining') from = ANY_STATE;
  return [...steps, { at, state: init.state, from, what: last, isFault: false }];
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
