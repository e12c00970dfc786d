import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { maskedFrame } from '../../support/masked-frame.js';
import { deferred, request, TransportWorld, type TransportWorldOptions } from '../../support/transport-world.js';
import { RawClient, refusedHandshake, WebSocketClient } from '../../support/web-socket-client.js';

let world: TransportWorld;
const start = async (options: TransportWorldOptions = {}) => {
  world = await TransportWorld.start(options);
  return world;
};
afterEach(() => world.stop());

const draining = { code: 1001, reason: 'The service is shutting down.' };

describe('a drain', () => {
  test('of a transport without connections is over at once, and nobody can connect any more', async () => {
    await start();
    const { url } = world;
    await world.transport.drain();
    await expect(WebSocketClient.open(url)).rejects.toThrow('ECONNREFUSED');
  });

  test('closes with 1001 what has nothing to do', async () => {
    await start();
    const [idle, silent] = [await world.connectBound(), await world.connect()];
    await world.transport.drain();
    expect(await idle.client.closed).toEqual(draining);
    expect(await silent.closed).toEqual(draining);
    expect(await world.liveSessions()).toHaveLength(1);
  });

  test('lets what has come be answered, and closes then', async () => {
    await start();
    const { release, reached } = world.hold('held');
    const client = await world.connect();
    client.send(request('held'), request('next'));
    await Promise.all([reached, client.read()]);
    const drained = world.transport.drain();
    await new Promise((resolve) => setImmediate(resolve));
    release();
    expect(await client.take(2)).toMatchObject([{ success: true }, { success: true }]);
    expect(await client.closed).toEqual(draining);
    await drained;
    expect(await world.liveSessions()).toHaveLength(2);
  });

  test('lets the service finish with a message', async () => {
    const [begun, finished] = [deferred(), deferred()];
    await start({
      onMessage: async (_, { send }) => {
        begun.resolve();
        await finished.promise;
        send({ done: true });
      },
    });
    const { client } = await world.connectBound();
    client.send({ do: 1 });
    await begun.promise;
    const drained = world.transport.drain();
    finished.resolve();
    expect(await client.next()).toEqual({ done: true });
    expect(await client.closed).toEqual(draining);
    await drained;
  });

  test('ends at its deadline what is not finished', async () => {
    await start();
    const { reached } = world.hold('held');
    const client = await world.connect();
    client.send(request('held'));
    await reached;
    const drained = world.transport.drain(3_000);
    await world.clock.advance(2_999);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    await world.clock.advance(1);
    expect(await client.closed).toEqual(draining);
    await drained;
    expect(client.frames).toEqual([]);
    expect(world.records).toMatchObject([{ code: 'cancelled' }]);
    expect(await world.liveSessions()).toEqual([]);
  });

  test('cuts off a client that does not close its side', async () => {
    await start();
    const raw = await RawClient.upgraded(world.url);
    await world.event('connection.opened');
    const drained = world.transport.drain();
    await world.clock.advance(5_000);
    await raw.closed;
    await drained;
  });

  test('cuts off a client whose handshake is not over', async () => {
    await start();
    const raw = await RawClient.open(world.url);
    raw.socket.write('GET / HTTP/1.1\r\n');
    // The server has accepted it when it has accepted the next one.
    await world.connect();
    await world.transport.drain();
    await raw.closed;
  });

  test('refuses handshakes with 503 on a server that stays open', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await start({ server });
    const { release, reached } = world.hold('held');
    const client = await world.connect();
    client.send(request('held'));
    await reached;
    const drained = world.transport.drain();
    expect(await refusedHandshake(world.url)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    release();
    expect(await client.next()).toMatchObject({ success: true });
    await drained;
    await new Promise((resolve) => server.close(resolve));
  });

  test('together with that of the orchestrator answers every request', async () => {
    await start();
    const { reached } = world.hold('held');
    const client = await world.connect();
    client.send(request('held'), request('next'), request('last'));
    await Promise.all([reached, client.read()]);
    const drained = Promise.all([world.transport.drain(), world.orchestrator.drain(1_000)]);
    await world.clock.advance(1_000);
    const frames = await client.take(3);
    expect(frames.map(({ data }) => [data?.['user'], data?.['code']])).toEqual([
      ['held', 'draining'],
      ['next', 'draining'],
      ['last', 'draining'],
    ]);
    expect(await client.closed).toEqual(draining);
    await drained;
  });

  test('can be asked for again, and cut short', async () => {
    await start();
    const { reached } = world.hold('held');
    const client = await world.connect();
    client.send(request('held'));
    await reached;
    const drained = world.transport.drain();
    expect(world.transport.drain()).toBe(drained);
    const closed = world.transport.close();
    expect(await client.closed).toEqual(draining);
    await Promise.all([drained, closed]);
  });

  test('waits until a session whose answer was not delivered is removed', async () => {
    const held = deferred();
    await start({
      wrap: (orchestrator) => ({
        ...orchestrator,
        init: async (message, { ipAddress }) => {
          const response = await orchestrator.init(message, { ipAddress });
          await world.event('connection.closed');
          return response;
        },
        remove: async (sessionId) => {
          await held.promise;
          return orchestrator.remove(sessionId);
        },
      }),
    });
    const client = await world.connect();
    client.send(request());
    await world.until(() => world.records.length === 1);
    client.socket.terminate();
    await world.event('connection.closed');
    const drained = world.transport.drain();
    held.resolve();
    await drained;
    expect(await world.liveSessions()).toEqual([]);
  });

  describe('with a session that cannot be removed', () => {
    const withdrawals = () => world.events.flatMap((it) => (it.type === 'session.withdrawn' ? [it.outcome] : []));

    /** A transport that has the session of a client on its hands that has gone. */
    const startWithLeftSession = async (remove: () => Promise<never>) => {
      let wasAsked = () => {};
      const asked = new Promise<void>((resolve) => {
        wasAsked = resolve;
      });
      await start({
        wrap: (orchestrator) => ({
          ...orchestrator,
          remove: () => {
            wasAsked();
            return remove();
          },
        }),
      });
      const client = await RawClient.upgraded(world.url);
      client.socket.write(maskedFrame(request()));
      while (!client.received.includes('session_id')) await once(client.socket, 'data');
      client.socket.resetAndDestroy();
      await asked;
    };

    test('is over soon after its deadline, though the store is down', async () => {
      await startWithLeftSession(() => Promise.reject(new Error('The store is down.')));
      await world.until(() => withdrawals().length === 1);
      const drained = world.transport.drain(50);
      await world.clock.advance(50);
      await drained;
      expect(withdrawals()).toEqual(['retrying', 'abandoned']);
      expect(world.clock.pending).toBe(1);
    });

    test('is over soon after its deadline, though the store says nothing', async () => {
      await startWithLeftSession(() => new Promise(() => {}));
      const drained = world.transport.drain(1_000);
      await world.clock.advance(5_000);
      await drained;
      expect(withdrawals()).toEqual(['abandoned']);
    });

    test('is over at once if it waits for nobody', async () => {
      await startWithLeftSession(() => Promise.reject(new Error('The store is down.')));
      await world.until(() => withdrawals().length === 1);
      const drained = world.transport.drain();
      await world.transport.close();
      await drained;
      expect(withdrawals()).toEqual(['retrying', 'abandoned']);
    });
  });

  test('leaves no timer behind but the sweep of the orchestrator', async () => {
    await start({ onMessage: () => {} });
    const { client } = await world.connectBound();
    client.send({ do: 1 });
    await world.connect();
    await world.transport.drain();
    expect(world.clock.pending).toBe(1);
  });
});
