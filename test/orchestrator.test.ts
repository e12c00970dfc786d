import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import type { SessionEndListener, SessionManager } from '../src/adapters/ports.js';
import { ConfigurationError, DeadlineExceededError } from '../src/model/errors.js';
import { Secret } from '../src/model/secret.js';
import type { SessionEnded } from '../src/orchestration/events.js';
import { createSessionOrchestrator } from '../src/orchestrator.js';
import { simulatedClock } from '../src/testing/simulated-clock.js';
import { InitWorld } from './support/init-world.js';
import {
  BackendLog,
  scriptedAuthenticator,
  scriptedAuthorizer,
  scriptedSessionManager,
  YES,
} from './support/scripted-backends.js';

const script = () => ({ authentication: YES, authorization: YES, session: YES });
const hangs = () => new Promise<never>(() => {});

/** An orchestrator over a session manager that is changed in one or two methods. */
function withManager(change: Partial<SessionManager>) {
  const clock = simulatedClock();
  const log = new BackendLog();
  const sessionManager = { ...scriptedSessionManager(() => YES, clock, log), ...change };
  const orchestrator = createSessionOrchestrator({
    authenticator: scriptedAuthenticator(() => YES, clock, log),
    authorizer: scriptedAuthorizer(() => YES, clock, log),
    sessionManager,
    clock,
    deadlines: { session: 500 },
    sweepInterval: 1_000,
  });
  const ended: SessionEnded[] = [];
  const faults: string[] = [];
  orchestrator.on('session.ended', (event) => ended.push(event));
  orchestrator.on('fault.reported', ({ source }) => faults.push(source));
  const init = () => orchestrator.init({ username: 'alice', user_secret: 'x' }, { ipAddress: '192.0.2.1' });
  return { clock, log, orchestrator, ended, faults, init };
}

test('however many inits share a signal, it has one listener, which ends all of them, and none when they are over', async () => {
  const { signal, ...caller } = listened(new AbortController());
  const { orchestrator } = withManager({ create: hangs });
  const message = { username: 'alice', user_secret: 'x' };
  const inits = Array.from({ length: 64 }, () => orchestrator.init(message, { ipAddress: '192.0.2.1', signal }));
  expect(caller.listeners()).toBe(1);
  caller.abort();
  for (const { data } of await Promise.all(inits)) expect(data).toMatchObject({ code: 'cancelled' });
  expect(caller.listeners()).toBe(0);
});

function listened(controller: AbortController) {
  const { signal } = controller;
  return { signal, abort: () => controller.abort(), listeners: () => getEventListeners(signal, 'abort').length };
}

describe('deadlines', () => {
  test.each([
    ['a request can shorten them', { request: 100 }, 100],
    ['but never lengthen them', { request: 100_000, session: 100_000 }, 500],
    ['zero is at once', { request: 0 }, 0],
    ['a negative one is zero', { request: -5 }, 0],
    ['what is no number is passed over', { request: Number.NaN, session: '3' as never }, 500],
    ['and so is null', null as never, 500],
  ])('%s', async (_, deadlines, milliseconds) => {
    const world = new InitWorld(() => ({ ...script(), session: { ...YES, after: undefined } }));
    let answeredAt: number | undefined;
    world.orchestrator.init({ username: 'alice', user_secret: 'x' }, { ipAddress: '192.0.2.1', deadlines }).then(() => {
      answeredAt = world.clock.monotonic();
    });
    await world.comeToRest();
    expect(answeredAt).toBe(milliseconds);
  });

  test.each([{ request: 0 }, { request: 1.5 }, { request: 2 ** 31 }, { session: Number.NaN }, { unknown: 1 } as never])(
    '%p is refused when the orchestrator is created',
    (deadlines) => {
      expect(() => new InitWorld(script, { deadlines })).toThrow(ConfigurationError);
    },
  );

  test('all problems are told at once', () => {
    expect.assertions(1);
    try {
      new InitWorld(script, { deadlines: { request: 0, session: -1 } });
    } catch (error) {
      expect((error as ConfigurationError).problems).toHaveLength(2);
    }
  });

  test('ASVS 13.1.3, 13.2.6: a call of the session manager that hangs is given up', async () => {
    const { orchestrator, clock } = withManager({
      findBySecret: hangs,
      findById: hangs,
      listByUser: hangs,
      refresh: hangs,
      remove: hangs,
    });
    const calls = [
      orchestrator.findBySecret('marked-session-secret'),
      orchestrator.findById(1),
      orchestrator.listByUser('alice'),
      orchestrator.refresh(1),
      orchestrator.remove(1),
      orchestrator.removeByUser('alice'),
    ].map((call) => call.catch((error: unknown) => error));
    await clock.advance(500);
    const errors = await Promise.all(calls);
    for (const error of errors) expect(error).toBeInstanceOf(DeadlineExceededError);
    expect(String(errors[0])).toContain('scripted-session-manager.findBySecret did not answer within 500 ms');
    expect(String(errors)).not.toContain('marked-session-secret');
  });

  test('its signal is aborted then', async () => {
    let signal: AbortSignal | undefined;
    const { orchestrator, clock } = withManager({
      findById: (_, options) => {
        signal = options?.signal;
        return hangs();
      },
    });
    const call = orchestrator.findById(1).catch(() => {});
    await clock.advance(499);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(signal?.aborted).toBe(true);
    await call;
  });
});

describe('ASVS 16.5.1: what a client is told of a failure', () => {
  const failing = (message: string) => ({
    ...YES,
    answer: () => {
      throw new Error(message);
    },
  });
  const detail = 'marked-backend-text: ldap://10.1.2.3 SELECT * FROM users';

  test.each([
    ['the authenticator', () => ({ ...script(), authentication: failing(detail) })],
    ['the authorizer', () => ({ ...script(), authorization: failing(detail) })],
    ['the session manager', () => ({ ...script(), session: failing(detail) })],
  ])(
    '%s: a generic sentence, a code and a reference id; the rest is in the record under that id',
    async (_, failure) => {
      const world = new InitWorld(failure);
      world.init('alice');
      await world.comeToRest();
      const [response] = world.answers;
      const [record] = world.records;
      expect(Object.keys(response?.data ?? {}).sort()).toEqual([
        'code',
        'details',
        'fail_time',
        'reason',
        'reference_id',
        'user',
      ]);
      expect(response?.data).toMatchObject({
        details: expect.stringMatching(/^[A-Z][^:/]+\.$/),
        reference_id: record?.referenceId,
      });
      expect(JSON.stringify(response)).not.toContain('marked-backend-text');
      expect(String(record?.cause)).toContain(detail);
    },
  );
});

describe('sessions', () => {
  test('a secret is looked up as text or as Secret', async () => {
    const seen: Secret[] = [];
    const { orchestrator } = withManager({
      findBySecret: async (secret) => {
        seen.push(secret);
        return undefined;
      },
    });
    await orchestrator.findBySecret('marked-1');
    await orchestrator.findBySecret(new Secret('marked-2'));
    expect(seen.map((secret) => secret.reveal())).toEqual(['marked-1', 'marked-2']);
  });

  test('ASVS 7.4.2: the sessions of a user can be ended at once, and each end is told', async () => {
    const { orchestrator, init, ended, log } = withManager({});
    await init();
    await init();
    expect(await orchestrator.listByUser('alice')).toHaveLength(2);
    expect(await orchestrator.removeByUser('alice')).toBe(2);
    expect(ended).toEqual([
      { sessionId: 1, cause: 'removed', endedBy: 'thisNode' },
      { sessionId: 2, cause: 'removed', endedBy: 'thisNode' },
    ]);
    expect(log.live.size).toBe(0);
    expect(await orchestrator.remove(1)).toBe(false);
    expect(ended).toHaveLength(2);
  });

  test('a session that had to go for another is told of', async () => {
    const manager = scriptedSessionManager(() => YES, simulatedClock(), new BackendLog());
    const { init, ended } = withManager({
      create: async (...args) => ({ ...(await manager.create(...args)), evicted: [7, 8] }) as never,
    });
    await init();
    expect(ended).toEqual([
      { sessionId: 7, cause: 'evicted', endedBy: 'thisNode' },
      { sessionId: 8, cause: 'evicted', endedBy: 'thisNode' },
    ]);
  });
});

describe('the sweep', () => {
  test('goes on in short steps until nothing is left, then waits', async () => {
    const expired = Array.from({ length: 1_200 }, (_, index) => ({ session_id: index + 1 }));
    const steps: number[] = [];
    const { clock, ended } = withManager({
      removeExpired: async (limit) => {
        const removed = expired.splice(0, limit);
        steps.push(removed.length);
        return removed as never;
      },
    });
    await clock.advance(999);
    expect(steps).toEqual([]);
    await clock.advance(1);
    expect(steps).toEqual([500, 500, 200]);
    expect(ended).toHaveLength(1_200);
    expect(ended[0]).toEqual({ sessionId: 1, cause: 'expired', endedBy: 'thisNode' });
    await clock.advance(1_000);
    expect(steps).toEqual([500, 500, 200, 0]);
  });

  test('a failure is reported, and it tries again', async () => {
    const { clock, faults } = withManager({ removeExpired: async () => Promise.reject(new Error('down')) });
    await clock.advance(2_000);
    expect(faults).toEqual(['sessionManager.removeExpired', 'sessionManager.removeExpired']);
  });
});

describe('drain', () => {
  test('refuses what is new, finishes what runs, closes each adapter once', async () => {
    const world = new InitWorld(() => ({ ...script(), authentication: { ...YES, after: 100 } }));
    world.init('first');
    await world.clock.advance(50);
    const drained = world.orchestrator.drain(1_000);
    world.init('second');
    await world.clock.advance(0);
    expect(world.answers.map(({ data }) => data)).toEqual([
      expect.objectContaining({ reason: 'OTHER', code: 'draining', retry_after: 1 }),
    ]);
    await world.clock.advance(50);
    expect(await drained).toEqual({ finished: 1, cancelled: 0 });
    expect(world.orchestrator.drain()).toBe(drained);
    world.checkPromises();
  });

  test('ends what does not finish in time', async () => {
    const world = new InitWorld(() => ({ ...script(), authentication: { ...YES, after: undefined } }));
    world.init('first');
    await world.clock.advance(0);
    const drained = world.orchestrator.drain(100);
    await world.clock.advance(99);
    expect(world.answers).toEqual([]);
    await world.clock.advance(1);
    expect(await drained).toEqual({ finished: 0, cancelled: 1 });
    expect(world.records[0]).toMatchObject({ state: 'refused', code: 'draining' });
  });

  test('an adapter that cannot be closed, or hangs, holds up nobody', async () => {
    const clock = simulatedClock();
    const closed: string[] = [];
    const faults: string[] = [];
    const orchestrator = createSessionOrchestrator({
      authenticator: {
        name: 'throws',
        authenticate: hangs,
        close: () => {
          throw new Error('stuck');
        },
      },
      authorizer: { name: 'hangs', authorize: hangs, close: hangs },
      sessionManager: {
        ...scriptedSessionManager(() => YES, clock, new BackendLog()),
        close: async () => void closed.push('session manager'),
      },
      clock,
    });
    orchestrator.on('fault.reported', ({ source }) => faults.push(source));
    const done = orchestrator.close();
    await clock.advance(60_000);
    await done;
    expect(closed).toEqual(['session manager']);
    expect(faults).toEqual(['throws.close', 'hangs.close']);
    expect(clock.pending).toBe(0);
  });
});

describe('events', () => {
  test('each init is recorded once, with its phases', async () => {
    const world = new InitWorld(() => ({
      authentication: { ...YES, after: 10 },
      authorization: { ...YES, after: 20 },
      session: { ...YES, after: 30 },
    }));
    world.init('alice');
    await world.comeToRest();
    expect(world.records).toEqual([
      {
        referenceId: expect.stringMatching(/^[\w-]{22}$/),
        state: 'authorized',
        username: 'alice',
        user: 'alice',
        ipAddress: '192.0.2.1',
        sessionId: 1,
        startedAt: Date.UTC(2026, 0, 1),
        duration: 60,
        phases: { admitting: 0, authenticating: 10, authorizing: 20, establishing: 30 },
      },
    ]);
  });

  test('a subscription can be ended', async () => {
    const world = new InitWorld(script);
    const seen: unknown[] = [];
    const off = world.orchestrator.on('init.completed', (record) => seen.push(record));
    world.init('alice');
    await world.clock.advance(0);
    off();
    off();
    world.init('alice');
    await world.clock.advance(0);
    expect(seen).toHaveLength(1);
  });
});

test('a one-time code that comes apart from the secret reaches the authenticator, and nobody sees it', async () => {
  const seen: (string | undefined)[] = [];
  const log = new BackendLog();
  const clock = simulatedClock();
  const orchestrator = createSessionOrchestrator({
    authenticator: {
      name: 'factors',
      async authenticate({ oneTimeCode }) {
        seen.push(oneTimeCode?.reveal());
        throw new Error(`It was ${oneTimeCode?.reveal()}.`);
      },
    },
    authorizer: scriptedAuthorizer(() => YES, clock, log),
    sessionManager: scriptedSessionManager(() => YES, clock, log),
    clock,
  });
  const causes: unknown[] = [];
  orchestrator.on('init.completed', ({ cause }) => causes.push(cause));
  for (const one_time_code of ['marked-code-1', undefined]) {
    await orchestrator.init({ username: 'alice', user_secret: 'x', one_time_code }, { ipAddress: '192.0.2.1' });
  }
  expect(seen).toEqual(['marked-code-1', undefined]);
  expect(inspect(causes, { depth: null })).not.toContain('marked-code-1');
});

describe('a store that nodes share', () => {
  test('what another node ends is told, and what could not be heard', async () => {
    let listener: SessionEndListener | undefined;
    const unwatch = jest.fn();
    const watch = (given: SessionEndListener) => {
      listener = given;
      return unwatch;
    };
    const { orchestrator, ended } = withManager({ watch });
    let unheard = 0;
    orchestrator.on('sessions.unheard', () => unheard++);
    listener?.ended(7, 'removed');
    listener?.missed();
    expect([ended, unheard]).toEqual([[{ sessionId: 7, cause: 'removed', endedBy: 'anotherNode' }], 1]);
    expect(unwatch).not.toHaveBeenCalled();
    await orchestrator.close();
    expect(unwatch).toHaveBeenCalledTimes(1);
  });
});
