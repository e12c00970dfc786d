import { describe, expect, test } from '@jest/globals';
import { type AnyStateNode, createActor, setup } from 'xstate';
import { sessionInitMachine } from '../../src/machines/session-init.js';
import { sessionInitActors } from '../../src/machines/session-init-actors.js';
import { TERMINAL_STATES } from '../../src/machines/terminal-states.js';
import { FAILURE_REASONS } from '../../src/model/failure-reason.js';
import { FullAuthSession } from '../../src/model/session.js';
import { SessionInitMessage } from '../../src/model/session-init-message.js';
import type { SessionInitResponse } from '../../src/model/session-init-response.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import {
  BackendLog,
  type Behaviour,
  scriptedAuthenticator,
  scriptedAuthorizer,
  scriptedSessionManager,
  YES,
} from '../support/scripted-backends.js';

const states = Object.values(sessionInitMachine.states) as AnyStateNode[];
const finals = states.filter(({ type }) => type === 'final');

interface Edge {
  from: string;
  to: string;
  event: string;
  guard: string | undefined;
}

/** Every transition of the machine, those of the root as coming from each state that is not final. */
const edges: Edge[] = [sessionInitMachine.root as AnyStateNode, ...states].flatMap((node) =>
  [...[...node.transitions.values()].flat(), ...(node.always ?? [])].flatMap(({ target, eventType, guard }) =>
    (target ?? []).flatMap((to) => {
      const from = node === sessionInitMachine.root ? states.filter((it) => it.type !== 'final') : [node];
      return from.map((it) => ({ from: it.key, to: to.key, event: eventType, guard: guard as string | undefined }));
    }),
  ),
);

/** The states that can be reached from `receiving` by the given transitions. */
function reachable(by: (edge: Edge) => boolean): Set<string> {
  const reached = new Set(['receiving']);
  for (const state of reached) {
    for (const edge of edges) if (edge.from === state && by(edge)) reached.add(edge.to);
  }
  return reached;
}

describe('P4: one reason', () => {
  test('the final states are those of the table', () => {
    expect(finals.map(({ key }) => key)).toEqual(Object.keys(TERMINAL_STATES));
  });

  test('the table gives each reason to one state, and none to the success alone', () => {
    const reasons = Object.values(TERMINAL_STATES).map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason !== undefined).sort()).toEqual([...FAILURE_REASONS].sort());
    expect(TERMINAL_STATES.authorized.reason).toBeUndefined();
  });

  test('every state can be reached, and every way ends', () => {
    expect(reachable(() => true)).toEqual(new Set(states.map(({ key }) => key)));
    for (const { key, type } of states) expect(edges.some(({ from }) => from === key)).toBe(type !== 'final');
  });

  test('the table is what it was', () => {
    const rows = Object.entries(TERMINAL_STATES).map(([state, { reason, code }]) => [state, reason, code]);
    expect(rows).toEqual([
      ['authorized', undefined, undefined],
      ['authenticationDenied', 'AUTHENTICATION_DENIED', 'authentication_denied'],
      ['notAuthorized', 'USER_NOT_AUTHORIZED', 'user_not_authorized'],
      ['authenticationSystemFailed', 'AUTHENTICATION_SYS_FAIL', 'authentication_sys_fail'],
      ['authAttemptTimedOut', 'AUTH_ATTEMPT_TIMEOUT', 'auth_attempt_timeout'],
      ['requestTimedOut', 'REQUEST_TIMED_OUT', 'request_timed_out'],
      ['sessionDetailsMissing', 'SESSION_DETAILS_MISSING', 'session_details_missing'],
      ['sessionManagerFailed', 'SESSION_MANAGER_FAIL', 'session_manager_fail'],
      ['refused', 'OTHER', 'cancelled'],
      ['failedUnexpectedly', 'UNKNOWN', 'unknown'],
    ]);
  });
});

const invokeOf = (state: string) => states.find(({ key }) => key === state)?.invoke[0]?.id;

describe('P3, ASVS 2.3.1: no step can be skipped or reordered', () => {
  const without = (from: string, guard: string) => reachable((edge) => !(edge.from === from && edge.guard === guard));

  test.each([
    ['admitting', 'isAdmitted', 'authenticating'],
    ['authenticating', 'isAuthenticated', 'authorizing'],
    ['authorizing', 'isAuthorized', 'establishing'],
    ['establishing', 'isCreated', 'authorized'],
  ])('%s is left for success by %s alone', (from, guard, next) => {
    const reached = without(from, guard);
    expect(reached).not.toContain(next);
    expect(reached).not.toContain('authorized');
    expect(edges.filter(({ to }) => to === next)).toEqual([
      {
        from,
        to: next,
        event: `xstate.done.actor.${invokeOf(from)}`,
        guard,
      },
    ]);
  });
});

describe('the shape of the machine', () => {
  test('every state says what it is for', () => {
    for (const { key, description } of states) expect([key, description]).toEqual([key, expect.stringMatching(/\.$/)]);
  });

  test('every invoke has an id of its own, an answer to success and failure, and a named deadline', () => {
    const working = states.filter(({ invoke }) => invoke.length > 0);
    expect(working.map(({ key, invoke }) => [key, invoke.map(({ id }) => id)])).toEqual([
      ['admitting', ['admit']],
      ['authenticating', ['authenticate']],
      ['authorizing', ['authorize']],
      ['establishing', ['establishSession']],
    ]);
    for (const { key, transitions, invoke, config } of working) {
      expect(transitions.has(`xstate.done.actor.${invoke[0]?.id}`)).toBe(true);
      expect(transitions.has(`xstate.error.actor.${invoke[0]?.id}`)).toBe(true);
      expect([key, Object.keys(config.after ?? {})]).toEqual([key, [expect.stringMatching(/^[a-z]+Timeout$/)]]);
    }
  });
});

/** The machine with scripted backends, outside any orchestrator. */
function standalone(session: Behaviour) {
  const clock = simulatedClock();
  const log = new BackendLog();
  const actors = sessionInitActors({
    authenticator: scriptedAuthenticator(() => YES, clock, log),
    authorizer: scriptedAuthorizer(() => YES, clock, log),
    sessionManager: scriptedSessionManager(() => session, clock, log),
    clock,
  });
  return { clock, log, machine: sessionInitMachine.provide({ actors }) };
}

const input = {
  message: new SessionInitMessage('alice', 'marked-user-secret'),
  ipAddress: '2001:DB8::1',
  referenceId: 'reference-1',
};

describe("in other people's actor systems", () => {
  const parentOf = (machine: typeof sessionInitMachine) =>
    setup({
      types: { context: {} as { answers: SessionInitResponse[] } },
      actors: { sessionInit: machine },
    }).createMachine({
      context: { answers: [] },
      initial: 'waiting',
      states: {
        waiting: {
          on: { give_up: 'done' },
          invoke: {
            id: 'init',
            src: 'sessionInit',
            input,
            onDone: { target: 'done', actions: ({ context, event }) => context.answers.push(event.output) },
          },
        },
        done: {},
      },
    });

  test('it answers, and emits its response before', async () => {
    const { clock, machine } = standalone(YES);
    const parent = createActor(parentOf(machine), { clock });
    parent.start();
    const emitted: unknown[] = [];
    parent.getSnapshot().children['init']?.on('response.ready' as never, (event: unknown) => emitted.push(event));
    await clock.advance(0);
    const [response] = parent.getSnapshot().context.answers;
    expect(response?.data).toBeInstanceOf(FullAuthSession);
    expect(response?.data).toMatchObject({ user: 'alice', ip_address: '2001:db8::1' });
    expect(emitted).toEqual([{ type: 'response.ready', state: 'authorized', response }]);
    expect(clock.pending).toBe(0);
  });

  test.each([
    ['left', (parent: { send: (event: { type: 'give_up' }) => void }) => parent.send({ type: 'give_up' })],
    ['stopped', (parent: { stop: () => void }) => parent.stop()],
  ])('P2: when it is %s while the session is created, the session is removed', async (_, end) => {
    const { clock, log, machine } = standalone({ ...YES, after: 100 });
    const parent = createActor(parentOf(machine), { clock });
    parent.start();
    await clock.advance(99);
    end(parent as never);
    await clock.advance(1);
    expect(log.created).toBe(1);
    expect(log.live.size).toBe(0);
  });

  test('P2: stopped at any turn of the microtask queue, it leaves no session behind that it did not announce', async () => {
    const outcomes = new Set<number>();
    for (let turn = 0; turn < 60; turn++) {
      const { clock, log, machine } = standalone(YES);
      const actor = createActor(machine, { clock, input });
      const announced: unknown[] = [];
      actor.on('response.ready', ({ state }) => announced.push(state));
      actor.start();
      for (let passed = 0; passed < turn; passed++) await undefined;
      actor.stop();
      await clock.advance(60_000);
      expect(log.live.size).toBe(announced.length);
      outcomes.add(log.created + announced.length);
    }
    // Too early for a session, just after its creation, and too late.
    expect(outcomes).toEqual(new Set([0, 1, 2]));
  });

  test('P5: neither a snapshot nor a persisted one shows a secret', async () => {
    const { clock, log, machine } = standalone({ ...YES, after: 100 });
    const actor = createActor(machine, { clock, input });
    const seen: string[] = [];
    const look = () => seen.push(JSON.stringify([actor.getSnapshot(), actor.getPersistedSnapshot()]));
    actor.subscribe(look);
    actor.start();
    look();
    await clock.advance(100);
    look();
    expect(actor.getSnapshot().value).toBe('authorized');
    expect(seen.length).toBeGreaterThan(5);
    const secret = [...log.live.values()][0]?.session_secret?.reveal() as string;
    expect(secret).toHaveLength(64);
    for (const text of seen) {
      expect(text).not.toContain('marked-user-secret');
      expect(text).not.toContain(secret);
    }
  });

  test.each(['admit', 'authenticate', 'authorize', 'establishSession'] as const)(
    'without the actor %s nobody is let in, and the cause says what to provide',
    async (missing) => {
      const { clock, log, machine } = standalone(YES);
      const { [missing]: _, ...actors } = machine.implementations.actors as Record<string, never>;
      const actor = createActor(sessionInitMachine.provide({ actors } as never), { clock, input });
      actor.start();
      await clock.advance(0);
      expect(actor.getSnapshot().value).toBe('failedUnexpectedly');
      expect(String(actor.getSnapshot().context.failure?.cause)).toContain(`provide({ actors: { ${missing} } })`);
      expect(log.live.size).toBe(0);
    },
  );

  test('deadlines and the time of failure have defaults', async () => {
    const { clock, machine } = standalone({ ...YES, after: undefined });
    const before = Date.now();
    const actor = createActor(machine, { clock, input });
    actor.start();
    await clock.advance(4_999);
    expect(actor.getSnapshot().value).toBe('establishing');
    await clock.advance(1);
    expect(actor.getSnapshot().value).toBe('sessionManagerFailed');
    const failTime = Number((actor.getSnapshot().output as SessionInitResponse).data['fail_time' as never]);
    expect(failTime).toBeGreaterThanOrEqual(before);
    expect(failTime).toBeLessThanOrEqual(Date.now());
  });
});
