import assert from 'node:assert/strict';
import {
  decodeSessionInitResponse,
  FailedSessionInitInfo,
  type SessionInitEngine,
  type SessionInitMachine,
  TERMINAL_STATES,
} from '../../index.js';
import { simulatedClock } from '../simulated-clock.js';
import { createTestOrchestrator, letTimePass, type TestOrchestrator } from '../test-orchestrator.js';
import type { MakeTransport } from '../transport-contract/stage.js';
import {
  BLOCKER,
  endsByRequestTimeout,
  isStuckInAdmission,
  SHORT_REQUEST,
  scriptFor,
  withOwnActors,
} from './actors-of-path.js';
import { callDirectly } from './call-directly.js';
import type { Path } from './find-paths.js';
import { Walks } from './walk.js';

/** On what paths are played. */
export interface PlayOptions {
  readonly machine: SessionInitMachine;
  readonly engine: SessionInitEngine;
  /** Carries the request and the response. Without one, the orchestrator is called. */
  readonly transport: MakeTransport | undefined;
}

/**
 * The deadlines of a run, in milliseconds. An admission that waits is overtaken by its own deadline before the place that
 * it waits for is free.
 */
const DEADLINES = { request: 1_000_000, admission: 500, authentication: 1_000, authorization: 1_000, session: 1_000 };

/**
 * Plays a path on an orchestrator with scripted backends under simulated time, and checks what comes of it.
 *
 * @returns the transitions that were taken, as far as the engine shows them
 */
export async function playOnOrchestrator(path: Path, options: PlayOptions): Promise<readonly string[]> {
  const { machine, engine, transport: makeTransport = callDirectly } = options;
  const last = path.stimuli.at(-1);
  const isFull = isStuckInAdmission(path);
  const walks = new Walks(machine);
  const clock = simulatedClock();
  const world = createTestOrchestrator({
    clock,
    machine: withOwnActors(path, machine, clock),
    deadlines: DEADLINES,
    throttle: false,
    engine,
    script: scriptFor(path),
    maxInFlight: isFull ? 1 : 10,
    maxQueued: last?.means.by === 'overload' ? 0 : 10,
    ...(engine === 'actor' && { inspect: walks.inspect }),
  });
  if (isFull) {
    world.init({ username: BLOCKER, user_secret: 'only-for-this-test' });
    await world.advance(0);
  }

  const start = withResolvers();
  const transport = await makeTransport(
    {
      ...world.orchestrator,
      init(message, given) {
        const request = endsByRequestTimeout(path) ? SHORT_REQUEST : DEADLINES.request;
        const { ipAddress } = path.input.ipAddress === '' ? path.input : given;
        const response = world.orchestrator.init(message, { ...given, ipAddress, deadlines: { request } });
        start.resolve();
        return response;
      },
    },
    { clock: world.clock },
  );
  try {
    const client = await transport.connect();
    const answer = client.ask(JSON.stringify(path.input.message)).catch(() => undefined);
    await start.promise;
    await world.advance(0);
    if (last?.means.by === 'cancel') client.leave();
    await recorded(world, path, last?.means.by === 'cancel');

    check(path, world);
    const text = last?.means.by === 'cancel' ? undefined : await answer;
    if (text !== undefined) checkAnswer(path, text);
    else assert.equal(last?.means.by, 'cancel', 'only who goes gets no answer');
    await world.advance(120_000);
    assert.equal(
      (await world.liveSessions()).length,
      path.ending === 'authorized' ? 1 : 0,
      'no session lives for nobody',
    );
  } finally {
    await transport.close();
    await world.close();
  }
  return walks.last;
}

/** Lets time pass until the init of the path has ended; but one that is ended from outside is waited for. */
async function recorded(world: TestOrchestrator, path: Path, isFromOutside: boolean): Promise<void> {
  const { orchestrator, records } = world;
  const isOver = () => records.some(({ username }) => username !== BLOCKER);
  if (isOver()) return;
  const over = withResolvers();
  const stop = orchestrator.on('init.completed', () => isOver() && over.resolve());
  if (isFromOutside) await over.promise;
  else await letTimePass(world.clock, over.promise);
  stop();
  assert.ok(isOver(), `the init of the path ends: ${path.name}`);
}

function check(path: Path, world: TestOrchestrator): void {
  const record = world.records.find(({ username }) => username !== BLOCKER);
  assert.ok(record, 'the init is recorded');
  const states = [...Object.keys(record.phases), record.state];
  assert.deepEqual(states, path.states, 'the init goes through the states of the path');
  assert.equal(record.code, path.code, 'it has the code that the machine gives');
  assert.equal(record.reason, TERMINAL_STATES[path.ending].reason, 'it has the reason of its terminal state');
  const created = world.sessionManager.callsOf('create').length;
  assert.equal(created, path.states.includes('establishing') ? 1 : 0, 'a session is asked for once, or not at all');
}

function checkAnswer(path: Path, text: string): void {
  const { success, data } = decodeSessionInitResponse(JSON.parse(text));
  assert.equal(success, path.ending === 'authorized', 'the client is told of success, or of failure');
  const failure = data instanceof FailedSessionInitInfo ? data : undefined;
  assert.equal(failure?.reason, TERMINAL_STATES[path.ending].reason, 'the client is told the reason');
  assert.equal(failure?.code, path.code, 'the client is told the code');
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
