import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { requestSession } from '../../../src/client/request-session.js';
import { maskedFrame } from '../../support/masked-frame.js';
import { request, TransportWorld, type TransportWorldOptions } from '../../support/transport-world.js';
import { RawClient } from '../../support/web-socket-client.js';

let world: TransportWorld;
const start = async (options: TransportWorldOptions = {}) => {
  world = await TransportWorld.start(options);
  return world;
};
afterEach(() => world.stop());

const outcomes = () => world.events.flatMap((event) => (event.type === 'session.withdrawn' ? [event.outcome] : []));

/** A frame of a client; the mask changes nothing. */
const control = (opcode: number, payload: string | number[]) =>
  Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload as string)]);
const pong = (payload: string) => control(0xa, payload);
const close = control(0x8, [0x03, 0xe8]);

/** The payloads of the pings that stand behind the answers that have come. */
const pingsIn = (received: Buffer) =>
  [...received.toString('latin1').matchAll(/\}\x89.(\d+)/g)].map(([, mark]) => mark);

/** A client that has read its answers, and has not answered the pings behind them. */
async function answered(...names: string[]): Promise<{ client: RawClient; pings: string[] }> {
  const client = await RawClient.upgraded(world.url);
  client.socket.write(Buffer.concat(names.map((name) => maskedFrame(request(name)))));
  while (pingsIn(client.received).length < names.length) await once(client.socket, 'data');
  return { client, pings: pingsIn(client.received) as string[] };
}

const users = async () => (await world.liveSessions()).map(({ user }) => user);

describe('P2: a client', () => {
  test.each(['resetAndDestroy', 'destroy', 'end'] as const)(
    'that has left when its answer goes out does not leave a session behind: %s',
    async (leave) => {
      await start();
      for (let round = 0; round < 20; round++) {
        const client = await RawClient.upgraded(world.url);
        client.socket.write(maskedFrame(request()), () => client.socket[leave]());
        await client.closed;
      }
      await world.until(() => world.transport.connections === 0);
      await world.transport.drain();
      expect(await users()).toEqual([]);
    },
  );

  test.each(['resetAndDestroy', 'destroy', 'end'] as const)(
    'that leaves without a word after its answer, and before the pong, has not got it: %s',
    async (leave) => {
      await start();
      const { client } = await answered('ada');
      client.socket[leave]();
      await world.event('session.withdrawn');
      await world.transport.drain();
      expect(outcomes()).toEqual(['removed']);
      expect(await users()).toEqual([]);
    },
  );

  test('that breaks the protocol before the pong has not got its answer', async () => {
    await start();
    const { client } = await answered('ada');
    client.socket.write(Buffer.from([0x81, 0x01, 0x78]));
    client.socket.end();
    await world.event('session.withdrawn');
    expect(outcomes()).toEqual(['removed']);
  });

  test('that is cut off because it says nothing has not got its answer', async () => {
    await start();
    await answered('ada');
    await world.clock.advance(30_000);
    await world.clock.advance(10_000);
    await world.clock.advance(5_000);
    await world.event('session.withdrawn');
    expect(outcomes()).toEqual(['removed']);
  });

  test('that has sent the pong has got its answer, however it leaves', async () => {
    await start();
    const { client, pings } = await answered('ada');
    client.socket.write(pong(pings[0] as string));
    client.socket.end();
    await world.event('connection.closed');
    await world.transport.drain();
    expect(outcomes()).toEqual([]);
    expect(await users()).toEqual(['ada']);
  });

  test('that closes by the book keeps its session, though it has sent no pong', async () => {
    await start();
    const { client } = await answered('ada');
    client.socket.end(close);
    await world.event('connection.closed');
    await world.transport.drain();
    expect(outcomes()).toEqual([]);
    expect(await users()).toEqual(['ada']);
  });

  test('that says goodbye right behind its request has not got its answer', async () => {
    await start();
    const client = await RawClient.upgraded(world.url);
    client.socket.end(Buffer.concat([maskedFrame(request()), close]));
    await world.event('connection.closed');
    await world.transport.drain();
    expect(outcomes()).toEqual(world.records.map(() => 'removed'));
    expect(await users()).toEqual([]);
  });

  test('whose session ends before its answer is written gets both, in their order', async () => {
    await start({
      onEvent: (event) => {
        if (event.type === 'connection.bound') void world.orchestrator.remove(event.sessionId);
      },
    });
    const client = await world.connect();
    client.send(request());
    const [answer, end] = await client.take(2);
    expect(answer).toMatchObject({ success: true });
    expect(end).toMatchObject({ event: 'session_ended', cause: 'removed' });
    expect(await client.closed).toMatchObject({ code: 4001 });
  });

  test('answers pings in their order: a pong is for all before it, and for none behind it', async () => {
    await start();
    const { client, pings } = await answered('a', 'b', 'c');
    client.socket.write(Buffer.concat([pong('nonsense'), pong(pings[1] as string)]));
    client.socket.end();
    await world.event('session.withdrawn');
    await world.transport.drain();
    expect((await users()).sort()).toEqual(['a', 'b']);
  });

  test('that never sends a pong takes up no more room with each of its answers', async () => {
    await start({ sessions: { limitPolicy: 'allow' } });
    const { client } = await answered(...Array<string>(1_010).fill('ada'));
    client.socket.resetAndDestroy();
    await world.event('connection.closed');
    await world.transport.drain();
    expect(outcomes()).toEqual(Array(1_000).fill('removed'));
  });

  test('of this package gets a session and leaves; the session stays', async () => {
    await start();
    const response = await requestSession(world.url, request());
    await world.event('connection.closed');
    await world.transport.drain();
    expect(await users()).toEqual(['ada']);
    expect(response).toMatchObject({ success: true });
  });
});

test('P2, P4: what is taken back is not the session of another client that was given it anew', async () => {
  await start({ sessions: { limitPolicy: 'reuse', maxSessionsPerUser: 1 } });
  const { client } = await answered('ada');
  const other = await world.connectBound('ada');
  client.socket.resetAndDestroy();
  expect(await world.event('session.withdrawn')).toMatchObject({ outcome: 'superseded', sessionId: other.sessionId });
  expect(await other.client.ask(request('ada'))).toMatchObject({ success: true });
  expect(await users()).toEqual(['ada']);
});
