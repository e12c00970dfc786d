import { describe, expect, test } from '@jest/globals';
import { allowAllAuthorizer } from '../../src/adapters/authorizers/allow-all.js';
import type { SessionManager } from '../../src/adapters/ports.js';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import { sessionInitMachine } from '../../src/machines/session-init.js';
import { ConfigurationError } from '../../src/model/errors.js';
import { FullAuthSession } from '../../src/model/session.js';
import type { ThrottleOptions } from '../../src/orchestration/throttle.js';
import { createSessionOrchestrator, type SessionOrchestratorOptions } from '../../src/orchestrator.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import { DEADLINES, InitWorld } from '../support/init-world.js';
import { YES } from '../support/scripted-backends.js';

/* Attacks that once succeeded, and must not again. */

const script = () => ({ authentication: YES, authorization: YES, session: YES });
const address = { ipAddress: '192.0.2.1' };
const message = { username: 'alice', user_secret: 'marked-user-secret-9' };

/** An orchestrator over sessions in memory, and everybody is let in. */
function open(
  options: Partial<SessionOrchestratorOptions> & { manager?: (inner: SessionManager) => SessionManager } = {},
) {
  const { manager = (inner) => inner, ...rest } = options;
  const clock = simulatedClock();
  const sessions = memorySessionManager({ clock, limitPolicy: 'reuse' });
  const orchestrator = createSessionOrchestrator({
    authenticator: {
      name: 'right-is-right',
      authenticate: async ({ username, secret }) =>
        secret.reveal() === 'wrong' ? { outcome: 'denied' } : { outcome: 'authenticated', user: username },
    },
    authorizer: allowAllAuthorizer(),
    sessionManager: manager(sessions),
    deadlines: DEADLINES,
    clock,
    ...rest,
  });
  return { clock, sessions, orchestrator };
}

describe('P2', () => {
  test('a drain waits for creations under way, and removes what they create, before it closes the session manager', async () => {
    const calls: string[] = [];
    const { clock, sessions, orchestrator } = open({
      manager: (inner) => ({
        ...inner,
        create: async (request, options) => {
          await new Promise<void>((resolve) => clock.setTimeout(resolve, 300));
          calls.push('create');
          return inner.create(request, options);
        },
        remove: async (id) => {
          calls.push('remove');
          return inner.remove(id);
        },
        close: async () => void calls.push('close'),
      }),
    });
    const response = orchestrator.init(message, address);
    await clock.advance(10);
    const drained = orchestrator.drain(100);
    await clock.advance(10_000);
    expect(await drained).toEqual({ finished: 0, cancelled: 1 });
    expect((await response).data).toMatchObject({ code: 'draining' });
    expect(calls).toEqual(['create', 'remove', 'close']);
    expect(await sessions.listByUser('alice')).toEqual([]);
  });

  test('with the policy reuse, the removal of an orphan leaves a session alone that has gone to somebody else', async () => {
    let late: Promise<void> | undefined;
    const { clock, sessions, orchestrator } = open({
      manager: (inner) => ({
        ...inner,
        create: async (request, options) => {
          const creation = await inner.create(request, options);
          await late;
          return creation;
        },
      }),
    });
    const outcomes: string[] = [];
    orchestrator.on('session.orphaned', ({ outcome }) => outcomes.push(outcome));
    late = new Promise((resolve) => clock.setTimeout(resolve, 2_000));
    const first = orchestrator.init(message, address);
    await clock.advance(1_000);
    expect((await first).data).toMatchObject({ code: 'session_manager_fail' });
    late = undefined;
    const { data } = await orchestrator.init(message, address);
    await clock.advance(5_000);
    expect(outcomes).toEqual(['superseded']);
    const secret = (data as FullAuthSession).session_secret;
    expect(await sessions.findBySecret(secret as never)).toBeDefined();
  });

  test('what has claimed a session and then fails leaves none, on either engine', async () => {
    const fail = () => {
      throw new Error('the last action');
    };
    for (const engine of ['compiled', 'actor'] as const) {
      for (const actions of [{ announce: fail }, { answer: () => {} }] as never[]) {
        const { clock, sessions, orchestrator } = open({ engine, machine: sessionInitMachine.provide({ actions }) });
        const { data } = await orchestrator.init(message, address);
        expect(data).toMatchObject({ reason: 'UNKNOWN' });
        await clock.advance(1_000);
        expect(await sessions.listByUser('alice')).toEqual([]);
      }
    }
  });

  test('the end of an orphan is told, for whoever holds a connection of that session', async () => {
    const world = new InitWorld(() => ({ ...script(), session: { ...YES, after: 2_000 } }));
    const ended: unknown[] = [];
    world.orchestrator.on('session.ended', (event) => ended.push(event));
    world.init('alice');
    await world.comeToRest();
    expect(ended).toEqual([{ sessionId: 1, cause: 'removed', endedBy: 'thisNode' }]);
  });
});

describe('P1', () => {
  test('a listener that subscribes itself anew is called once for each init', async () => {
    const { orchestrator } = open();
    let calls = 0;
    const arm = (): void => {
      const off = orchestrator.on('init.completed', () => {
        off();
        if (++calls < 100) arm();
      });
    };
    arm();
    await orchestrator.init(message, address);
    expect(calls).toBe(1);
    await orchestrator.init(message, address);
    expect(calls).toBe(2);
  });

  test('a listener that was removed by another one is not called', async () => {
    const { orchestrator } = open();
    const called: string[] = [];
    orchestrator.on('init.completed', () => {
      called.push('first');
      off();
    });
    const off = orchestrator.on('init.completed', () => called.push('second'));
    await orchestrator.init(message, address);
    expect(called).toEqual(['first']);
  });

  test('a function of the service that rejects is reported, and ends no process', async () => {
    const fail = async () => Promise.reject(new Error('later'));
    const { orchestrator } = open({ onResponse: fail });
    const faults: string[] = [];
    orchestrator.on('fault.reported', ({ source }) => faults.push(source));
    orchestrator.on('init.completed', fail);
    await orchestrator.init(message, address);
    await new Promise(setImmediate);
    expect(faults.sort()).toEqual(['listener of init.completed', 'onResponse']);
  });

  test('options that are nothing of the kind are passed over', async () => {
    const { orchestrator } = open();
    const signal = {} as AbortSignal;
    expect(await orchestrator.init(message, { ...address, signal })).toMatchObject({ success: true });
    expect(orchestrator.underWay()).toEqual([]);
  });

  test.each([0, -5, Number.NaN, 0.5])('a sweep interval of %p is refused', (sweepInterval) => {
    expect(() => open({ sweepInterval })).toThrow(ConfigurationError);
  });
});

describe('P8, CS Authentication', () => {
  const HOUR = 3_600_000;

  function guarded(throttle: ThrottleOptions, authenticate?: (secret: string) => Promise<boolean>) {
    const { clock, orchestrator } = open({
      throttle,
      ...(authenticate && {
        authenticator: {
          name: 'gated',
          authenticate: async ({ username, secret }) =>
            (await authenticate(secret.reveal()))
              ? { outcome: 'authenticated', user: username }
              : { outcome: 'denied' },
        },
      }),
    });
    const attempt = async (user_secret: string, ipAddress: string, signal?: AbortSignal) => {
      const { data } = await orchestrator.init({ username: 'alice', user_secret }, { ipAddress, signal });
      return data instanceof FullAuthSession ? 'session' : (data as { code?: string }).code;
    };
    return { attempt, clock };
  }

  test('an attacker who guesses on and on, from anywhere, does not lock the user out where she was before', async () => {
    const { attempt, clock } = guarded({ account: { maxFailures: 5, window: HOUR } });
    expect(await attempt('right', '192.0.2.1')).toBe('session');
    for (let hour = 0; hour < 3; hour++) {
      for (let guess = 0; guess < 20; guess++) await attempt('wrong', `2001:db8:0:${guess}::1`);
      expect(await attempt('wrong', '2001:db8:1::1')).toBe('locked');
      expect(await attempt('right', '192.0.2.1')).toBe('session');
      await clock.advance(HOUR);
    }
  });

  test('NIST 3.2.2: known and unknown addresses together stay within a hundred failures', async () => {
    for (const maxFailures of [50, 80, 100]) {
      const { attempt } = guarded({
        account: { maxFailures, window: HOUR },
        address: { maxFailures: 10_000, window: HOUR },
      });
      await attempt('right', '192.0.2.1');
      let denied = 0;
      for (const from of ['192.0.2.1', '192.0.2.2']) {
        for (let guess = 0; guess < 150; guess++)
          denied += Number((await attempt('wrong', from)) === 'authentication_denied');
      }
      expect(denied).toBe(100);
    }
  });

  test('places of a window that has passed are not given back into the next', async () => {
    const gates: (() => void)[] = [];
    const { attempt, clock } = guarded({ account: { maxFailures: 5, window: 400 } }, async (secret) => {
      if (secret === 'slow') await new Promise<void>((resolve) => gates.push(resolve));
      return false;
    });
    const callers = Array.from({ length: 4 }, () => new AbortController());
    const slow = callers.map(({ signal }) => attempt('slow', '192.0.2.1', signal));
    expect(await attempt('wrong', '192.0.2.1')).toBe('authentication_denied');
    await clock.advance(400);
    const holding = attempt('slow', '192.0.2.1');
    await new Promise(setImmediate);
    for (const caller of callers) caller.abort();
    expect(await Promise.all(slow)).toEqual(Array(4).fill('cancelled'));
    let denied = 0;
    for (let guess = 0; guess < 20; guess++) {
      const code = await Promise.race([
        attempt('wrong', '192.0.2.1'),
        new Promise((resolve) => setImmediate(resolve, 'waits')),
      ]);
      denied += Number(code === 'authentication_denied');
    }
    gates.at(-1)?.();
    await holding;
    // The slow one that holds a place is the fifth.
    expect(denied).toBe(4);
  });

  test.each([
    [{ account: { maxFailures: 5, window: 2 ** 31 } }],
    [{ address: { maxFailures: 5, window: Number.POSITIVE_INFINITY } }],
    [{ acount: { maxFailures: 5, window: 1_000 } }],
  ])('%j is refused: it would be no throttle', (throttle) => {
    expect(() => open({ throttle: throttle as never })).toThrow(ConfigurationError);
  });

  test('those who wait for one account do not take the places of others', async () => {
    const never = new Promise<never>(() => {});
    const { clock, orchestrator } = open({
      throttle: { account: { maxFailures: 5, window: HOUR } },
      maxInFlight: 100,
      maxQueued: 2_000,
      authenticator: {
        name: 'hangs-for-alice',
        authenticate: async ({ username }) =>
          username === 'alice' ? never : { outcome: 'authenticated', user: username },
      },
    });
    const codes: (string | undefined)[] = [];
    for (let attempt = 0; attempt < 3_000; attempt++) {
      orchestrator
        .init(message, { ipAddress: `2001:db8:0:${attempt.toString(16)}::1` })
        .then(({ data }) => codes.push((data as { code?: string }).code));
    }
    await clock.advance(0);
    expect(codes.filter((code) => code === 'overloaded').length).toBeGreaterThan(1_900);
    const bob = orchestrator.init({ username: 'bob', user_secret: 'x' }, address);
    await clock.advance(0);
    expect(await bob).toMatchObject({ success: true });
    await clock.advance(60_000);
  });
});
