import { type RunResult, runScript } from './run.js';
import { type Deed, PLAIN_SETTING, type Script, type Setting, type Step, USERS } from './script.js';
import type { WorldOptions } from './world.js';

/** No more runs than that: a script that is a little longer than it must be is good enough. */
const MOST_RUNS = 2_000;

/**
 * Makes a script that breaks a promise as short and as plain as it can, so long as it breaks the same promise.
 *
 * @returns the run of the shortest one that was found
 */
export async function shrink(failed: RunResult, options?: WorldOptions): Promise<RunResult> {
  const promise = failed.violation?.promise;
  let best = failed;
  let runs = 0;
  for (;;) {
    let isBetter = false;
    for (const candidate of simplerThan(best.script)) {
      if (runs++ >= MOST_RUNS) return best;
      const result = await runScript(candidate, options);
      if (result.violation?.promise !== promise) continue;
      best = result;
      isBetter = true;
      break;
    }
    if (!isBetter) return best;
  }
}

function* simplerThan(script: Script): Generator<Script, void> {
  const { setting, steps } = script;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < steps.length; from += size) {
      yield { setting, steps: [...steps.slice(0, from), ...steps.slice(from + size)] };
    }
  }
  for (const name of Object.keys(setting) as (keyof Setting)[]) {
    if (name !== 'engine' && setting[name] !== PLAIN_SETTING[name]) {
      yield { setting: { ...setting, [name]: PLAIN_SETTING[name] }, steps };
    }
  }
  for (const [index, step] of steps.entries()) {
    for (const simpler of simplerSteps(step)) {
      yield { setting, steps: steps.with(index, simpler) };
    }
  }
  yield* withPlainNames(script);
}

function* simplerSteps({ moment, deed }: Step): Generator<Step, void> {
  if (moment !== 'atRest') yield { moment: 'atRest', deed };
  if (typeof moment === 'number' && moment > 0) yield { moment: moment - 1, deed };
  for (const simpler of simplerDeeds(deed)) yield { moment, deed: simpler };
}

function* simplerDeeds(deed: Deed): Generator<Deed, void> {
  if (deed.do === 'stall') yield { ...deed, do: 'pass' };
  if (deed.do === 'answer' && deed.outcome === 'garbage') yield { ...deed, outcome: 'an error' };
  if (deed.do === 'init') {
    for (const backend of Object.keys(deed.atOnce)) {
      const { [backend as 'authenticator']: _, ...atOnce } = deed.atOnce;
      yield { ...deed, atOnce };
    }
  }
}

/** Names users and their inits by the order of their coming: `bob#3` becomes `alice`, `bob#5` becomes `alice#2`. */
function* withPlainNames({ setting, steps }: Script): Generator<Script, void> {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  for (const { deed } of steps) {
    if (deed.do !== 'init') continue;
    const user = deed.init.split('#', 1)[0] as string;
    const count = (counts.get(user) ?? 0) + 1;
    counts.set(user, count);
    const plain = USERS[[...counts.keys()].indexOf(user)] as string;
    names.set(deed.init, count === 1 ? plain : `${plain}#${count}`);
  }
  if ([...names].every(([name, plain]) => name === plain)) return;
  const renamed = (deed: Deed): Deed => ('init' in deed ? { ...deed, init: names.get(deed.init) ?? deed.init } : deed);
  yield { setting, steps: steps.map((step) => ({ ...step, deed: renamed(step.deed) })) };
}
