import { checkAtRest, checkAtTheEnd, checkNothingIsLeft, checkSessions } from './promises.js';
import type { Script, Setting, Step } from './script.js';
import type { Violation } from './story.js';
import { DEADLINES, World, type WorldOptions } from './world.js';

/** Says what happens next, or that nothing does. */
export type Scheduler = (world: World) => Step | undefined;

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
export async function run(setting: Setting, next: Scheduler, options?: WorldOptions): Promise<RunResult> {
  const world = new World(setting, options);
  const steps: Step[] = [];
  for (let step = next(world); step !== undefined && world.violations.length === 0; step = next(world)) {
    if (await world.play(step)) steps.push(step);
    if (step.moment !== 'atRest') continue;
    await world.comeToRest();
    checkAtRest(world);
  }
  if (world.violations.length === 0) await conclude(world);
  return { script: { setting, steps }, violation: world.violations[0], world };
}

/** Plays a script. */
export function runScript({ setting, steps }: Script, options?: WorldOptions): Promise<RunResult> {
  const left = [...steps];
  return run(setting, () => left.shift(), options);
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
