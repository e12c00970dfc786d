import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { InspectionEvent } from 'xstate';
import { CLOSURES } from '../../src/machines/closures.js';
import { connectionMachine } from '../../src/machines/connection.js';
import { compileMachine, Unsupported } from '../../src/machines/engine/compile.js';
import { connectionRunner } from '../../src/machines/run-connection.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import { gone, happening, init, LIMITS, notingPeer } from '../support/talk.js';

const noInspector = undefined;
const someInspector = (_: InspectionEvent) => {};

/** A conversation that runs on the compiled machine, or, if it is inspected, on XState's own actor. */
function start(
  inspect: ((event: InspectionEvent) => void) | undefined,
  spoil: (peer: ReturnType<typeof notingPeer>) => void = () => {},
) {
  const clock = simulatedClock();
  const asked: string[] = [];
  const defects: unknown[] = [];
  const peer = notingPeer(asked, (isReading) => asked.push(`reading ${isReading}`));
  spoil(peer);
  const run = connectionRunner({ clock, inspect });
  const input = { peer, limits: LIMITS, hasOwnMessages: true, monotonic: clock.monotonic };
  return { clock, asked, defects, running: run(input, (defect) => defects.push(defect)) };
}

describe('a conversation', () => {
  test('runs on the compiled machine', () => {
    expect(compileMachine(connectionMachine)).not.toBeInstanceOf(Unsupported);
  });

  test('P6: is the same on the compiled machine and on XState’s own actor', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        const [ours, theirs] = [start(noInspector), start(someInspector)];
        const look = ({ asked, clock, running, defects }: typeof ours) => [
          asked,
          clock.pending,
          running.closure(),
          defects.length,
        ];
        for (const it of [...happenings, { type: 'socket.closed' as const, closure: gone }]) {
          for (const { clock, running } of [ours, theirs]) {
            if (it.type === 'wait') clock.increment(it.milliseconds);
            else running.send(it);
          }
          expect(look(ours)).toEqual(look(theirs));
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['compiled', noInspector],
    ['actor', someInspector],
  ])('has its closure once the socket is closed: %s', (_, inspect) => {
    const { running } = start(inspect);
    running.send({ type: 'connection.close', closure: CLOSURES.idle });
    expect(running.closure()).toBeUndefined();
    running.send({ type: 'socket.closed', closure: gone });
    expect(running.closure()).toEqual(CLOSURES.idle);
    running.send({ type: 'message.received', message: init() });
  });

  test.each([
    ['compiled', noInspector],
    ['actor', someInspector],
  ])('tells of a defect, and takes nothing more: %s', (_, inspect) => {
    const defect = new Error('A peer threw.');
    const { running, defects, asked } = start(inspect, (peer) => {
      peer.answer = () => {
        throw defect;
      };
    });
    running.send({ type: 'message.received', message: init() });
    running.send({ type: 'server.draining' });
    expect(defects).toEqual([defect]);
    expect(asked.filter((it) => !it.startsWith('reading'))).toEqual([]);
  });

  test('that is inspected tells the inspector of itself and of its events', () => {
    const events: InspectionEvent[] = [];
    const { running } = start((event) => events.push(event));
    running.send({ type: 'server.draining' });
    expect(events[0]?.type).toBe('@xstate.actor');
    expect(events).toContainEqual(
      expect.objectContaining({ type: '@xstate.event', event: { type: 'server.draining' } }),
    );
  });
});
