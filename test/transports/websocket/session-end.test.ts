import { afterEach, describe, expect, test } from '@jest/globals';
import type { SessionEndListener } from '../../../src/adapters/ports.js';
import type { Conversation } from '../../../src/transports/websocket.js';
import { deferred, request, TransportWorld, type TransportWorldOptions } from '../../support/transport-world.js';

let world: TransportWorld;
const start = async (options: TransportWorldOptions = {}) => {
  world = await TransportWorld.start(options);
  return world;
};
afterEach(() => world.stop());

const echo = (message: object, { send }: Conversation) => send({ echo: message });
const ended = (sessionId: number, cause: string) => ({ event: 'session_ended', session_id: sessionId, cause });

describe('the end of a session', () => {
  test('ASVS 7.4.1: by removal is told at once, and closes with 4001', async () => {
    await start();
    const { client, sessionId } = await world.connectBound();
    await world.orchestrator.remove(sessionId);
    expect(await client.next()).toEqual(ended(sessionId, 'removed'));
    expect(await client.closed).toEqual({ code: 4001, reason: 'The session has ended.' });
  });

  test('ASVS 7.4.1: aborts what the service is doing for it, and what is behind is not handled', async () => {
    const seen: unknown[] = [];
    const begun = deferred<Conversation>();
    await start({
      onMessage: (message, it) => {
        seen.push(message);
        begun.resolve(it);
        return new Promise(() => {});
      },
    });
    const { client, sessionId } = await world.connectBound();
    client.send({ n: 1 }, { n: 2 });
    const { signal } = await begun.promise;
    await world.orchestrator.remove(sessionId);
    expect(signal.aborted).toBe(true);
    expect(await client.closed).toMatchObject({ code: 4001 });
    expect(seen).toEqual([{ n: 1 }]);
  });

  test('ASVS 7.4.2: all connections of a user are closed at once', async () => {
    await start();
    const all = await Promise.all([world.connectBound(), world.connectBound(), world.connectBound('grace')]);
    await world.orchestrator.removeByUser('ada');
    expect(await all[0].client.closed).toMatchObject({ code: 4001 });
    expect(await all[1].client.closed).toMatchObject({ code: 4001 });
    expect(all[2].client.socket.readyState).toBe(all[2].client.socket.OPEN);
  });

  test('by eviction is told to the connection that was bound to it', async () => {
    await start({ sessions: { maxSessionsPerUser: 1 } });
    const first = await world.connectBound();
    const second = await world.connectBound();
    expect(await first.client.next()).toEqual(ended(first.sessionId, 'evicted'));
    expect(await first.client.closed).toMatchObject({ code: 4001 });
    expect(second.client.socket.readyState).toBe(second.client.socket.OPEN);
  });

  test('by eviction for a new session on the same connection leaves that open', async () => {
    await start({ sessions: { maxSessionsPerUser: 1 }, onMessage: echo });
    const { client, sessionId } = await world.connectBound();
    const { data } = await client.ask(request());
    expect(data?.['session_id']).not.toBe(sessionId);
    expect(await client.ask({ hello: 1 })).toEqual({ echo: { hello: 1 } });
    await world.orchestrator.remove(data?.['session_id'] as number);
    expect(await client.closed).toMatchObject({ code: 4001 });
  });

  test('while a request is answered is told after the answer', async () => {
    await start();
    const { client, sessionId } = await world.connectBound();
    const { release, reached } = world.hold('grace');
    client.send(request('grace', 'wrong'));
    await reached;
    await world.orchestrator.remove(sessionId);
    release();
    expect(await client.next()).toMatchObject({ data: { code: 'authentication_denied' } });
    expect(await client.next()).toEqual(ended(sessionId, 'removed'));
    expect(await client.closed).toMatchObject({ code: 4001 });
  });

  test('of a session that the connection was bound to before is nothing to it', async () => {
    await start({ onMessage: echo });
    const { client, sessionId } = await world.connectBound();
    await client.ask(request('grace'));
    await world.orchestrator.remove(sessionId);
    expect(await client.ask({ hello: 1 })).toEqual({ echo: { hello: 1 } });
  });

  test('ASVS 7.3.1: by the idle time-out is noticed without a message, soon after it', async () => {
    await start({ sessions: { idleTimeout: 60_000 }, sessionCheckInterval: 10_000 });
    const { client, sessionId } = await world.connectBound();
    // The sweep of the orchestrator, every 30 s, finds the session at 60 s as well; whoever is first tells the same.
    await world.clock.advance(70_000);
    expect(await client.next()).toEqual(ended(sessionId, 'expired'));
    expect(await client.closed).toMatchObject({ code: 4001 });
  });

  test('ASVS 7.3.1: own messages keep a session from it', async () => {
    await start({ sessions: { idleTimeout: 60_000 }, sessionCheckInterval: 10_000, onMessage: echo });
    const { client, sessionId } = await world.connectBound();
    for (let minutes = 0; minutes < 5; minutes++) {
      await world.clock.advance(59_000);
      expect(await client.ask({ minutes })).toEqual({ echo: { minutes } });
    }
    expect(await world.orchestrator.findById(sessionId)).toBeDefined();
  });

  test('ASVS 7.3.2: by the absolute lifetime comes despite activity', async () => {
    await start({
      sessions: { idleTimeout: 60_000, absoluteLifetime: 120_000 },
      sessionCheckInterval: 10_000,
      onMessage: echo,
    });
    const { client, sessionId } = await world.connectBound();
    await world.clock.advance(59_000);
    await client.ask({ n: 1 });
    await world.clock.advance(59_000);
    await client.ask({ n: 2 });
    await world.clock.advance(12_000);
    expect(await client.next()).toEqual(ended(sessionId, 'expired'));
    expect(await client.closed).toMatchObject({ code: 4001 });
  });

  test('ASVS 7.4.1: by another node is noticed at the next own message, which is not handled', async () => {
    const seen: unknown[] = [];
    await start({ sessionCheckInterval: 10_000, onMessage: (message) => seen.push(message) });
    // So that the look-ups, every 10 s, are not where the tenth second of the session is.
    await world.clock.advance(5_000);
    const { client, sessionId } = await world.connectBound();
    await world.clock.advance(10_000);
    // Behind the back of this orchestrator.
    await world.sessions.remove(sessionId);
    client.send({ n: 1 });
    expect(await client.next()).toEqual(ended(sessionId, 'expired'));
    expect(await client.closed).toMatchObject({ code: 4001 });
    expect(seen).toEqual([]);
  });

  test('ASVS 7.4.1: by another node, unheard, is noticed as soon as the store answers again', async () => {
    let listener: SessionEndListener | undefined;
    let isDown = true;
    await start({
      sessionCheckInterval: 1_000_000,
      wrapSessions: (manager) => ({
        ...manager,
        watch: (given) => {
          listener = given;
          return () => {};
        },
        findById: async (id) => {
          if (isDown) throw new Error('The store is down.');
          return manager.findById(id);
        },
      }),
    });
    const { client, sessionId } = await world.connectBound();
    const { client: other } = await world.connectBound();
    await world.sessions.remove(sessionId);
    listener?.missed();
    await world.event('fault.reported');
    isDown = false;
    await world.clock.advance(1_000);
    expect(await client.next()).toEqual(ended(sessionId, 'expired'));
    expect(await client.closed).toMatchObject({ code: 4001 });
    expect(other.socket.readyState).toBe(other.socket.OPEN);
    // No more is tried.
    isDown = true;
    await world.clock.advance(10_000);
    expect(world.events.filter(({ type }) => type === 'fault.reported')).toHaveLength(1);
  });

  test('between the creation and the binding of a session is not missed', async () => {
    const held = deferred();
    await start({
      wrap: (orchestrator) => ({
        ...orchestrator,
        init: async (message, options) => {
          const response = await orchestrator.init(message, options);
          await held.promise;
          return response;
        },
      }),
    });
    const client = await world.connect();
    client.send(request());
    await world.until(() => world.records.length === 1);
    const sessionId = world.records[0]?.sessionId as number;
    await world.orchestrator.remove(sessionId);
    held.resolve();
    expect(await client.next()).toMatchObject({ success: true });
    expect(await client.next()).toEqual(ended(sessionId, 'removed'));
    expect(await client.closed).toMatchObject({ code: 4001 });
  });

  test('is not made up where a session is given anew (reuse)', async () => {
    await start({ sessions: { limitPolicy: 'reuse' }, onMessage: echo });
    const { client, sessionId } = await world.connectBound();
    const again = await client.ask(request());
    expect(again.data?.['session_id']).toBe(sessionId);
    expect(await client.ask({ hello: 1 })).toEqual({ echo: { hello: 1 } });
  });
});

describe('ASVS 16.5.3: a session manager that fails', () => {
  const failing = (methods: readonly string[]): Pick<TransportWorldOptions, 'wrapSessions'> => ({
    wrapSessions: (manager) => ({
      ...manager,
      ...Object.fromEntries(methods.map((method) => [method, () => Promise.reject(new Error('marked-backend-text'))])),
    }),
  });

  test('lets no message through that it was needed for', async () => {
    const seen: unknown[] = [];
    await start({ ...failing(['refresh', 'findById']), onMessage: (message) => seen.push(message) });
    const { client } = await world.connectBound();
    client.send({ n: 1 });
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await world.clock.advance(10_000);
    expect(await client.ask({ n: 2 })).toEqual({
      event: 'error',
      code: 'session_manager_fail',
      details: 'The session could not be checked, so the message was not handled.',
    });
    expect(seen).toEqual([{ n: 1 }]);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
  });

  test('is told of, once for each round of look-ups, and closes no connection', async () => {
    await start({ ...failing(['findById']) });
    const clients = await Promise.all([world.connectBound('a'), world.connectBound('b'), world.connectBound('c')]);
    await world.clock.advance(20_000);
    const faults = world.events.filter((event) => event.type === 'fault.reported');
    expect(faults).toMatchObject([{ source: 'sessionManager.findById' }, { source: 'sessionManager.findById' }]);
    for (const { client } of clients) expect(client.socket.readyState).toBe(client.socket.OPEN);
  });
});
