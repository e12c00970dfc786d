import assert from 'node:assert/strict';
import { type AnyActorLogic, createActor, fromPromise } from 'xstate';
import { decodeSessionInitMessage, FailedSessionInitInfo, type SessionInitMachine } from '../../index.js';
import { simulatedClock } from '../simulated-clock.js';
import { endAs } from './actors-of-path.js';
import type { Path } from './find-paths.js';
import { Walks } from './walk.js';

/**
 * Plays a path on the machine alone, for what the ports of an orchestrator rule out.
 *
 * @returns the transitions that were taken
 */
export async function playOnMachine(path: Path, machine: SessionInitMachine): Promise<readonly string[]> {
  const walks = new Walks(machine);
  const actors: Record<string, AnyActorLogic> = {};
  for (const { means } of path.stimuli) {
    if (means.by === 'actor') actors[means.src] = fromPromise(async () => endAs(means.ending));
  }
  const clock = simulatedClock();
  const { message, ipAddress } = path.input;
  const actor = createActor(machine.provide({ actors: actors as never }), {
    clock,
    inspect: walks.inspect,
    logger: () => {},
    input: { message: decodeSessionInitMessage(message), ipAddress, referenceId: 'path' },
  });
  const states: string[] = [];
  // A machine that throws with no error observer ends the process.
  actor.subscribe({ next: ({ value }) => states.push(String(value)), error: (error) => states.push(String(error)) });
  actor.start();
  await clock.advance(0);
  const { value, output } = actor.getSnapshot();
  assert.equal(value, path.ending, 'the machine ends where the path ends');
  assert.deepEqual(
    states.filter((state, index) => state !== states[index - 1]),
    path.states,
    'the machine goes through the states of the path',
  );
  assert.ok(output?.data instanceof FailedSessionInitInfo, 'what the ports rule out never ends in a session');
  assert.equal(output.data.code, path.code, 'the response has the code that the path has');
  return walks.last;
}
