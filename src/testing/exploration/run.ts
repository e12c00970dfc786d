import { checkAtRest, checkAtTheEnd, checkNothingIsLeft, checkSessions } from './promises.js';
import type { Deed, Moment, Script, Setting, Step } from './script.js';
import type { Violation } from './story.js';
import { DEADLINES, World, type WorldOptions } from './world.js';

/** Says what happens next. */
export interface Scheduler {
  /** How long to wait for it; undefined ends the run. */
  moment(world: World): Moment | undefined;
  /** What it is, once that moment has come; undefined to go on, or to end the run if everything has come to rest. */
  deed(world: World): Deed | undefined;
}

/** What came of a run. */
export interface RunResult {
  /** What was done, without the steps that could not be. */
  script: Script;
  violation: Violation | undefined;
  world: World;
}

/** Longer than all retries of a removal take together, in milliseconds. */
const ALL_RETRIES = 120_000;

/** Runs one schedule to its end, and then lets happen whatever still can. The first promise that is broken is told. */
export async function run(setting: Setting, scheduler: Scheduler, options?: WorldOptions): Promise<RunResult> {
  const world = new World(setting, options);
  const steps: Step[] = [];
  let waited: Moment = 'atRest';
  while (world.violations.length === 0) {
    const moment = scheduler.moment(world);
    if (moment === undefined) break;
    if (moment === 'atRest') {
      await world.comeToRest();
      checkAtRest(world);
    } else for (let turn = 0; turn < moment; turn++) await undefined;
    waited = moment === 'atRest' ? moment : (waited === 'atRest' ? 0 : waited) + moment;
    const deed = scheduler.deed(world);
    if (deed === undefined && moment === 'atRest') break;
    // Whatever does not wait for anything must not take a turn.
    const done = deed !== undefined && world.perform(deed);
    if (deed === undefined || !(done instanceof Promise ? await done : done)) continue;
    steps.push({ moment: waited, deed });
    waited = 0;
  }
  if (world.violations.length === 0) await conclude(world);
  return { script: { setting, steps }, violation: world.violations[0], world };
}

/** Plays a script. */
export function runScript({ setting, steps }: Script, options?: WorldOptions): Promise<RunResult> {
  let next = 0;
  const scheduler: Scheduler = {
    moment: () => steps[next]?.moment,
    deed: () => steps[next++]?.deed,
  };
  return run(setting, scheduler, options);
}

async function conclude(world: World): Promise<void> {
  const { clock, orchestrator, setting } = world;
  await world.comeToRest();
  checkAtRest(world);
  await clock.advance(DEADLINES.request);
  checkAtRest(world);
  // Backends that have not answered yet do so now, too late.
  for (const call of world.calls) call.answer('yes');
  await clock.advance(ALL_RETRIES);
  checkAtRest(world);
  checkAtTheEnd(world);
  await checkSessions(world);

  const probes = world.drain === undefined ? range(setting.maxInFlight).map((it) => `probe-${it + 1}`) : [];
  for (const probe of probes) world.probe(probe);
  await world.comeToRest();
  const inside = probes.filter((probe) => world.callOf(probe, 'authenticator') !== undefined);
  if (inside.length < probes.length) {
    world.broken('P8', `of ${probes.length} places ${probes.length - inside.length} are lost`);
  }
  let isClosed = false;
  void orchestrator.close().then(() => {
    isClosed = true;
  });
  await clock.advance(DEADLINES.request);
  if (!isClosed) world.broken('P1', 'the orchestrator does not close');
  checkNothingIsLeft(world, probes);
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
