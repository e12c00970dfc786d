import { describe, expect, test } from '@jest/globals';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import { ConfigurationError, DefectError } from '../../src/model/errors.js';
import {
  answers,
  createTestOrchestrator,
  denies,
  first,
  hangs,
  simulatedClock,
  throws,
} from '../../src/testing/index.js';

describe('createTestOrchestrator', () => {
  test('says yes to everybody, and notes everything', async () => {
    const world = createTestOrchestrator();
    const response = await world.init();
    expect(response.success).toBe(true);
    expect(world.responses).toEqual([response]);
    expect(world.records).toMatchObject([{ state: 'authorized', username: 'alice', ipAddress: '192.0.2.1' }]);
    expect(await world.liveSessions()).toHaveLength(1);
    expect([world.authenticator, world.authorizer, world.sessionManager].map(({ calls }) => calls.length)).toEqual([
      1, 1, 1,
    ]);
    await world.orchestrator.removeByUser('alice');
    expect(world.endings).toEqual([{ sessionId: 1, cause: 'removed', endedBy: 'thisNode' }]);
    await world.close();
    expect(world.clock.pending).toBe(0);
  });

  test.each([
    ['authenticate', denies('wrongSecret'), 'AUTHENTICATION_DENIED', 0],
    ['authenticate', hangs(), 'AUTH_ATTEMPT_TIMEOUT', 5_000],
    ['authenticate', throws(), 'AUTHENTICATION_SYS_FAIL', 0],
    ['authorize', denies().after(300), 'USER_NOT_AUTHORIZED', 300],
    ['authorize', throws(), 'OTHER', 0],
    ['create', hangs(), 'SESSION_MANAGER_FAIL', 5_000],
    ['create', answers(undefined), 'SESSION_DETAILS_MISSING', 0],
  ])('ask: %s %p comes to %s, in no more time than it takes', async (method, behaviour, reason, time) => {
    const world = createTestOrchestrator({ script: { [method]: behaviour } });
    expect((await world.ask()).data).toMatchObject({ reason });
    expect(world.clock.monotonic()).toBe(time);
    expect(await world.liveSessions()).toEqual([]);
  });

  test('takes a script for each method by its name, and another one at any time', async () => {
    const world = createTestOrchestrator({
      script: {
        create: answers().after(6_000).ignoresAbort(),
        remove: first(throws(new Error('The store is down.'))).andAlways(answers()),
      },
    });
    expect((await world.ask()).data).toMatchObject({ reason: 'SESSION_MANAGER_FAIL' });
    await world.advance(60_000);
    expect(world.orphans.map(({ outcome }) => outcome)).toEqual(['retrying', 'removed']);
    expect(world.sessionManager.callsOf('remove')).toMatchObject([{ state: 'failed' }, { state: 'answered' }]);
    expect(await world.liveSessions()).toEqual([]);
    world.sessionManager.on('create', answers());
    expect((await world.ask()).success).toBe(true);
    world.sessionManager.on('removeExpired', throws('down'));
    await world.advance(60_000);
    expect(world.faults).toContainEqual({ source: 'sessionManager.removeExpired', cause: 'down' });
    await world.close();
  });

  test('takes real adapters, a clock and every option of an orchestrator', async () => {
    const clock = simulatedClock({ startAt: 0 });
    const sessionManager = memorySessionManager({ clock, maxSessionsPerUser: 1, limitPolicy: 'refuse' });
    const told: unknown[] = [];
    const world = createTestOrchestrator({
      clock,
      sessionManager,
      deadlines: { authentication: 100 },
      script: { authenticate: first(answers(), 2).andThen(hangs()) },
      onResponse: (response) => told.push(response),
    });
    await world.ask();
    expect((await world.ask({ username: 'alice', user_secret: 'x' })).data).toMatchObject({ code: 'session_limit' });
    expect((await world.ask()).data).toMatchObject({ reason: 'AUTH_ATTEMPT_TIMEOUT' });
    expect(clock.now()).toBe(100);
    expect(told).toEqual(world.responses);
    await world.close();
  });

  test('an init whose script ran out rejects, whatever it would have come to', async () => {
    const world = createTestOrchestrator({ script: { authenticate: first(throws()) } });
    expect((await world.ask()).data).toMatchObject({ reason: 'AUTHENTICATION_SYS_FAIL' });
    await expect(world.ask()).rejects.toThrow(/authenticate was called 2 times, and its script is for 1/);
    expect(world.responses[1]?.data).toMatchObject({ reason: 'UNKNOWN' });
    await expect(world.close()).rejects.toThrow(DefectError);
  });

  test('a method that no backend has is refused, with those that there are', () => {
    for (const method of ['login', 'name', 'calls', 'on', 'close', 'toString']) {
      const create = () => createTestOrchestrator({ script: { [method]: answers() } as never });
      expect(create).toThrow(ConfigurationError);
      expect(create).toThrow(/There are: authenticate, authorize, create/);
    }
  });

  test.each([
    ['authenticator', denies(), /has no method authenticate\. .*on\('authenticate', …\).*the option script/],
    ['authorizer', 'yes', /has no method authorize/],
    ['sessionManager', {}, /has no method create/],
  ])('a script in the place of the backend %s is refused, with where it belongs', (name, given, message) => {
    const create = () => createTestOrchestrator({ [name]: given } as never);
    expect(create).toThrow(ConfigurationError);
    expect(create).toThrow(message);
  });
});
