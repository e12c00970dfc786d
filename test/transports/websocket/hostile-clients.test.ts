import { once } from 'node:events';
import { get } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Conversation } from '../../../src/transports/websocket.js';
import { deferred, request, TransportWorld, type TransportWorldOptions } from '../../support/transport-world.js';
import { RawClient, refusedHandshake } from '../../support/web-socket-client.js';

let world: TransportWorld;
const start = async (options: TransportWorldOptions = {}) => {
  world = await TransportWorld.start(options);
  return world;
};
afterEach(() => world.stop());

/** Others are unharmed. */
const serves = async () => {
  expect(await (await world.connect()).ask(request('bystander'))).toMatchObject({ success: true });
};

describe('slow and large clients: messages', () => {
  test.each([
    ['of 64 KiB and a byte', 65_537],
    ['of 10 MB', 10_000_000],
  ])('one %s closes with 1009', async (_, bytes) => {
    await start();
    const client = await world.connect();
    client.socket.send('x'.repeat(bytes));
    expect(await client.closed).toMatchObject({ code: 1009 });
    expect(await world.event('connection.closed')).toMatchObject({ code: 1009 });
    await serves();
  });

  test('one of 64 KiB is read', async () => {
    await start();
    const client = await world.connect();
    expect(await client.ask(`${JSON.stringify(request())}${' '.repeat(65_536)}`.slice(0, 65_536))).toMatchObject({
      success: true,
    });
  });

  test('one in many fragments that are too large together closes with 1009', async () => {
    await start();
    const client = await world.connect();
    for (let count = 0; count < 100; count++) client.socket.send('x'.repeat(1_000), { fin: false });
    expect(await client.closed).toMatchObject({ code: 1009 });
    await serves();
  });

  test('one in a few fragments is read', async () => {
    await start();
    const client = await world.connect();
    const text = JSON.stringify(request());
    client.socket.send(text.slice(0, 10), { fin: false });
    client.socket.send(text.slice(10), { fin: true });
    expect(await client.next()).toMatchObject({ success: true });
  });

  test('one in very many empty fragments closes with 1008', async () => {
    await start();
    const client = await world.connect();
    for (let count = 0; count < 2_000; count++) client.socket.send('', { fin: false });
    expect(await client.closed).toMatchObject({ code: 1008 });
    await serves();
  });

  test('text that is not UTF-8 closes with 1007', async () => {
    await start();
    const client = await world.connect();
    client.socket.send(Buffer.from([0x7b, 0xff, 0x7d]), { binary: false });
    expect(await client.closed).toMatchObject({ code: 1007 });
    expect(await world.event('connection.closed')).toMatchObject({ code: 1007 });
    await serves();
  });

  test('what breaks the protocol closes with 1002', async () => {
    await start();
    const raw = await RawClient.upgraded(world.url);
    // A frame without a mask, which a client must not send.
    raw.socket.write(Buffer.from([0x81, 0x01, 0x78]));
    while (raw.received.length < 4) await once(raw.socket, 'data');
    expect([raw.received[0], raw.received.readUInt16BE(2)]).toEqual([0x88, 1002]);
    raw.socket.destroy();
    expect(await world.event('connection.closed')).toMatchObject({ code: 1002 });
    await serves();
  });

  test('many at once are read no faster than they are answered', async () => {
    await start({ maxQueuedMessages: 2 });
    const { release, reached } = world.hold('held');
    const client = await world.connect();
    client.send(request('held'));
    await reached;
    // Far more than is read at once.
    const large = JSON.stringify({ ...request('ada', 'wrong'), padding: 'x'.repeat(60_000) });
    const unsent = () => client.socket.bufferedAmount;
    client.send(...Array<string>(400).fill(large));
    let before: number;
    do {
      before = unsent();
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    } while (unsent() !== before);
    expect(unsent()).toBeGreaterThan(0);
    await serves();
    release();
    expect(await client.take(401)).toHaveLength(401);
  });
});

describe('slow and large clients: sockets', () => {
  test('a handshake of a byte a second is cut off', async () => {
    await start();
    const raw = await RawClient.open(world.url);
    const bytes = `GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ${'x'.repeat(1_000)}`;
    let seconds = 0;
    while (!raw.socket.closed) {
      raw.socket.write(bytes[seconds] as string);
      await world.clock.advance(1_000);
      seconds++;
    }
    await raw.closed;
    await serves();
  });

  test('a socket that says nothing at all is cut off', async () => {
    await start();
    const raw = await RawClient.open(world.url);
    while (!raw.socket.closed) await world.clock.advance(1_000);
  });

  test('a message of a byte a second is no message: it is closed with 1008', async () => {
    await start();
    const raw = await RawClient.upgraded(world.url);
    await world.event('connection.opened');
    const frame = Buffer.concat([Buffer.from([0x81, 0x80 | 100, 0, 0, 0, 0]), Buffer.alloc(100, 'x')]);
    for (let second = 0; second < 30; second++) {
      raw.socket.write(frame.subarray(second, second + 1));
      await world.clock.advance(1_000);
    }
    while (raw.received.length < 4) await once(raw.socket, 'data');
    expect([raw.received[0], raw.received.readUInt16BE(2)]).toEqual([0x88, 1008]);
    // It does not close its side either.
    await world.clock.advance(5_000);
    await raw.closed;
    await serves();
  });

  test('as many idle connections as are allowed are ended in time, and those who came before are served meanwhile', async () => {
    await start({ maxConnections: 200 });
    const { client } = await world.connectBound();
    const idle = await Promise.all(Array.from({ length: 199 }, () => world.connect()));
    await world.until(() => world.transport.connections === 200);
    expect(await refusedHandshake(world.url)).toMatchObject({ status: 503 });
    expect(await client.ask(request())).toMatchObject({ success: true });
    await world.clock.advance(30_000);
    for (const { closed } of idle) expect(await closed).toMatchObject({ code: 1008 });
    await serves();
  });

  test('a client that does not read is closed', async () => {
    const flooded = deferred<Conversation>();
    await start({
      onMessage: (_, conversation) => {
        const chunk = 'x'.repeat(1024 * 1024);
        while (conversation.send(chunk));
        flooded.resolve(conversation);
      },
    });
    const { client } = await world.connectBound();
    client.socket.pause();
    client.send({ flood: true });
    expect((await flooded.promise).signal.aborted).toBe(true);
    await world.clock.advance(5_000);
    expect(await world.event('connection.closed')).toMatchObject({
      code: 1008,
      reason: 'What was sent is not being read.',
    });
    await serves();
  });

  test('clients that vanish at any moment do no harm', async () => {
    await start();
    const { port } = world.transport.address();
    for (const vanish of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const before = connect(port, '127.0.0.1');
      before.on('error', () => {});
      await once(before, 'connect');
      before[vanish]();

      const during = await RawClient.open(world.url);
      during.socket.write('GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
      during.socket[vanish]();

      const after = await RawClient.upgraded(world.url);
      after.socket[vanish]();
      await after.closed;
    }
    await world.until(() => world.transport.connections === 0);
    await serves();
  });

  test('a handshake that is none is answered by the protocol', async () => {
    await start();
    const handshake = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    for (const spoilt of [{ Upgrade: 'h2c' }, { 'Sec-WebSocket-Version': '1' }, { 'Sec-WebSocket-Key': 'short' }]) {
      const asked = get(world.url.replace('ws:', 'http:'), { headers: { ...handshake, ...spoilt } });
      const [response] = await once(asked, 'response');
      expect(response.statusCode).toBe(400);
      response.resume();
    }
    expect(world.transport.connections).toBe(0);
    await serves();
  });

  test('pings and pongs without end keep nobody who says nothing', async () => {
    await start({ idleTimeout: 60_000, pingInterval: 20_000 });
    const { client } = await world.connectBound();
    for (let seconds = 0; seconds < 60 && client.socket.readyState === WebSocket.OPEN; seconds += 5) {
      const pong = once(client.socket, 'pong');
      client.socket.pong();
      client.socket.ping();
      await pong;
      await world.clock.advance(5_000);
    }
    expect(await client.closed).toEqual({ code: 1000, reason: 'Idle for too long.' });
  });
});
