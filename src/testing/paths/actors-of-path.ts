import { type AnyActorLogic, fromPromise } from 'xstate';
import type { Clock, SessionInitMachine } from '../../index.js';
import { answers, hangs } from '../scripted/behaviour.js';
import type { BackendScripts } from '../test-orchestrator.js';
import type { Path } from './find-paths.js';
import type { Stimulus } from './stimuli.js';

/** The request deadline, in milliseconds, where it is to pass first: before any other deadline can. */
export const SHORT_REQUEST = 20;

/** The user of an init that takes the only place, and keeps it. */
export const BLOCKER = 'in-the-way';

/** What a backend does that is overtaken: a yes that must have no effect, and a session that must be removed. */
const tooLate = answers().after(60_000).ignoresAbort();

/** The backends do what the stimuli say, the last one in time for the request deadline to pass in the next state. */
export function scriptFor(path: Path): BackendScripts {
  const script: BackendScripts = { authenticate: tooLate, authorize: tooLate, create: tooLate };
  for (const { means } of path.stimuli) if (means.by === 'actor') Object.assign(script, means.script);
  const before = path.stimuli.at(-2)?.means;
  if (endsByRequestTimeout(path) && before?.by === 'actor' && before.script !== undefined) {
    const [method] = Object.keys(before.script);
    Object.assign(script, { [method as string]: answers().after(SHORT_REQUEST - 1) });
  }
  const { authenticate } = script;
  return {
    ...script,
    authenticate: (credentials, ...rest) => {
      if (credentials.username === BLOCKER) return hangs().ignoresAbort();
      return typeof authenticate === 'function' ? authenticate(credentials, ...rest) : (authenticate as never);
    },
  };
}

/** The actors of an extended machine that are not of its backends end as the stimuli say, too. */
export function withOwnActors(path: Path, machine: SessionInitMachine, clock: Clock): SessionInitMachine {
  const actors: Record<string, AnyActorLogic> = {};
  for (const state of Object.values(machine.states)) {
    for (const { src } of state.invoke) {
      if (PORTS.includes(String(src))) continue;
      const at = path.stimuli.findIndex(({ means }) => means.by === 'actor' && means.src === src);
      const delay = endsByRequestTimeout(path) && at === path.stimuli.length - 2 ? SHORT_REQUEST - 1 : 0;
      actors[String(src)] = fromPromise(async () => {
        const means = path.stimuli[at]?.means;
        if (means?.by !== 'actor') return new Promise(() => {});
        if (delay > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, delay));
        return endAs(means.ending);
      });
    }
  }
  return machine.provide({ actors: actors as never });
}

/** The actors that the orchestrator itself puts in. */
const PORTS = ['admit', 'authenticate', 'authorize', 'establishSession'];

/** Ends as an actor does. */
export function endAs(ending: Extract<Stimulus['means'], { by: 'actor' }>['ending']): unknown {
  if ('error' in ending) throw ending.error;
  return ending.output;
}

/** Whether the request deadline ends it. */
export function endsByRequestTimeout({ stimuli }: Path): boolean {
  const means = stimuli.at(-1)?.means;
  return means?.by === 'timeout' && means.ofRequest;
}

/** Whether the init must find every place taken: it is to be refused for that, or to wait. */
export function isStuckInAdmission({ stimuli }: Path): boolean {
  const [first] = stimuli;
  return first !== undefined && first.means.by !== 'actor';
}
