import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sessionInitMachine } from 'session-init';
import {
  assertAuthorized,
  assertNoSecret,
  assertReason,
  createTestOrchestrator,
  sessionInitPaths,
  simulatedClock,
} from 'session-init/testing';

/** The machine, extended: sessions are given from 8 to 18 o'clock only. */
function withOfficeHours({ now }) {
  const isOpen = () => new Date(now()).getUTCHours() >= 8 && new Date(now()).getUTCHours() < 18;
  const { isAuthorized } = sessionInitMachine.implementations.guards;
  return sessionInitMachine.provide({
    guards: {
      isAuthorized: (args, params) => isOpen() && isAuthorized(args, params),
      isDenied: ({ event }) =>
        event.output?.outcome === 'denied' || (event.output?.outcome === 'authorized' && !isOpen()),
    },
  });
}

test('sessions are given during office hours', async () => {
  const clock = simulatedClock({ startAt: Date.UTC(2026, 0, 1, 17, 59) });
  const world = createTestOrchestrator({ clock, machine: withOfficeHours(clock) });
  assertAuthorized(await world.ask(), 'alice');
  await world.advance(60_000);
  assertReason(await world.ask(), 'USER_NOT_AUTHORIZED');
  assertNoSecret(world.records, 'only-for-this-test');
  await world.close();
});

describe('every path through the machine during office hours', () => {
  const machine = withOfficeHours(simulatedClock({ startAt: Date.UTC(2026, 0, 1, 12) }));
  const { cases, coverage } = sessionInitPaths({ machine });
  for (const { name, run } of cases) test(name, run);

  test('and with them every state and transition', () => {
    assert.deepEqual(coverage().states.missing, []);
    assert.deepEqual(coverage().transitions.missing, []);
  });
});
