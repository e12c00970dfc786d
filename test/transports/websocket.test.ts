import { once } from 'node:events';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { decodeSessionInitResponse } from '../../src/model/decode-response.js';
import { FullAuthSession } from '../../src/model/session.js';
import { request, SECRET, TransportWorld, type TransportWorldOptions } from '../support/transport-world.js';
import { RawClient } from '../support/web-socket-client.js';

let world: TransportWorld;
const start = async (options: TransportWorldOptions = {}) => {
  world = await TransportWorld.start(options);
  return world;
};
afterEach(() => world.stop());

const malformed = (details: string) => ({
  success: false,
  data: expect.objectContaining({ reason: 'OTHER', code: 'malformed_request', details, user: '' }),
});

describe('a request', () => {
  test.each([
    ['text', JSON.stringify(request())],
    ['binary', Buffer.from(JSON.stringify(request()))],
  ])('in a %s frame gets a session, and its answer is text', async (_, frame) => {
    await start();
    const client = await world.connect();
    const response = decodeSessionInitResponse(await client.ask(frame));
    expect(response.success).toBe(true);
    expect(response.data).toBeInstanceOf(FullAuthSession);
    const session = response.data as FullAuthSession;
    expect(session).toMatchObject({ user: 'ada', ip_address: '127.0.0.1' });
    expect(await world.orchestrator.findBySecret(session.session_secret?.reveal() ?? '')).toMatchObject({
      session_id: session.session_id,
    });
  });

  test('with a wrong secret is denied, and the next one on the connection is not', async () => {
    await start();
    const client = await world.connect();
    expect(await client.ask(request('ada', 'wrong'))).toMatchObject({ data: { reason: 'AUTHENTICATION_DENIED' } });
    expect(await client.ask(request())).toMatchObject({ success: true });
  });

  test('is answered with the times that DMOD clients read, if asked to', async () => {
    await start({ profile: 'dmod' });
    const client = await world.connect();
    const { data } = await client.ask(request());
    expect(data?.['created']).toBe('2026-01-01 00:00:00.000000');
  });

  test('is answered in order, though those of a hundred that come in one burst end in any order', async () => {
    await start();
    const users = Array.from({ length: 100 }, (_, index) => `user-${index}`);
    // What is behind is let go before what is in front.
    const holds = users.map((user) => world.hold(user));
    const client = await world.connect();
    client.send(...users.map((user) => request(user)));
    for (const { release } of holds.reverse()) release();
    const frames = await client.take(100);
    expect(frames.map(({ data }) => data?.['user'])).toEqual(users);
  });

  test('on one connection does not wait for those on another', async () => {
    await start();
    const { release, reached } = world.hold('slow');
    const slow = await world.connect();
    slow.send(request('slow'));
    await reached;
    expect(await (await world.connect()).ask(request('fast'))).toMatchObject({ success: true });
    expect(slow.frames).toEqual([]);
    release();
    expect(await slow.next()).toMatchObject({ success: true });
  });

  test('with 255 characters and any Unicode in it is understood', async () => {
    await start();
    const name = '🦉'.repeat(255);
    const { data } = await (await world.connect()).ask(request(name));
    expect(data?.['user']).toBe(name);
  });
});

describe('what is no request', () => {
  test.each([
    ['no JSON', 'nonsense', 'The message is not JSON.'],
    ['empty', '', 'The message is not JSON.'],
    ['empty and binary', new Uint8Array(), 'The message is not JSON.'],
    ['not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 'The message is not UTF-8.'],
    ['an array', '[]', 'The request must be an object, and is an array.'],
    ['a string', '"text"', 'The request must be an object, and is a string.'],
    ['null', 'null', 'The request must be an object, and is null.'],
    ['of an unknown kind', { event: 'something' }, 'username must be a string, and is nothing.'],
    [
      'a request in a prototype',
      '{"__proto__":{"username":"ada","user_secret":"x"}}',
      'username must be a string, and is nothing.',
    ],
    ['deep and never closed', '['.repeat(65_536), 'The message is not JSON.'],
    ['deep', '['.repeat(32_768) + ']'.repeat(32_768), 'The request must be an object, and is an array.'],
    ['too long a name', { username: 'x'.repeat(256), user_secret: 's' }, 'username is longer than 255 characters.'],
    ['half a character', '{"username":"\\ud83d","user_secret":"s"}', 'username is not well-formed Unicode.'],
  ])('is answered as malformed, and the connection stays open: %s', async (_, frame, details) => {
    await start();
    const client = await world.connect();
    expect(await client.ask(frame)).toMatchObject(malformed(details));
    expect(world.records).toMatchObject([{ state: 'refused', code: 'malformed_request', ipAddress: '127.0.0.1' }]);
    expect(await world.event('message.rejected')).toMatchObject({ ipAddress: '127.0.0.1', problem: details });
    expect(await client.ask(request())).toMatchObject({ success: true });
  });

  test('ten times in a row closes with 1008, after the tenth answer', async () => {
    await start();
    const client = await world.connect();
    client.send(...Array<string>(12).fill('nonsense'));
    await client.take(10);
    expect(await client.closed).toEqual({ code: 1008, reason: 'Too many malformed requests in a row.' });
    expect(client.frames).toHaveLength(10);
  });

  test('nine times, then a request, then nine times more does not', async () => {
    await start();
    const client = await world.connect();
    const nine = Array<string>(9).fill('nonsense');
    client.send(...nine, request('ada', 'wrong'), ...nine, request());
    expect((await client.take(20)).at(-1)).toMatchObject({ success: true });
  });
});

describe('silence', () => {
  test('of a client that has just connected is ended with 1008 after 30 s', async () => {
    await start();
    const client = await world.connect();
    await world.event('connection.opened');
    await world.clock.advance(29_999);
    expect(client.socket.readyState).toBe(client.socket.OPEN);
    await world.clock.advance(1);
    expect(await client.closed).toEqual({ code: 1008, reason: 'No message came in time.' });
  });

  test('of a client is met with pings, which it answers, and ended with 1000 after the idle time-out', async () => {
    await start({ idleTimeout: 100_000, pingInterval: 40_000 });
    const client = await world.connect();
    await client.ask(request());
    for (const _ of [1, 2]) {
      const pinged = new Promise((resolve) => client.socket.once('ping', resolve));
      await world.clock.advance(40_000);
      await pinged;
      // The pong is behind it in the same stream, so it has come when the answer to this has.
      await new Promise((resolve) => {
        client.socket.once('pong', resolve);
        client.socket.ping();
      });
    }
    await world.clock.advance(20_000);
    expect(await client.closed).toEqual({ code: 1000, reason: 'Idle for too long.' });
  });

  test('of a client that is not there any more is noticed', async () => {
    await start();
    const raw = await RawClient.upgraded(world.url);
    await world.event('connection.opened');
    raw.socket.write(clientFrame(Buffer.from(JSON.stringify(request()))));
    await world.until(() => world.records.length === 1);
    // It never answers a ping.
    while (!raw.socket.closed) await world.clock.advance(1_000);
    expect(await world.event('connection.closed')).toMatchObject({ code: 1008, reason: 'A ping was not answered.' });
  });
});

describe('P2: no session outlives an answer that did not reach its client', () => {
  test('a client that goes away while its request is answered ends that, and what was behind it', async () => {
    await start();
    const { reached } = world.hold('held');
    const client = await world.connect();
    client.send(request('held'), request('never'), request('never'));
    await reached;
    client.socket.terminate();
    await world.event('connection.closed');
    await world.until(() => world.records.length === 1);
    await world.clock.advance(60_000);
    expect(world.records).toMatchObject([{ username: 'held', code: 'cancelled' }]);
    expect(await world.liveSessions()).toEqual([]);
  });

  test('a session that is created when its client has just gone is removed', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await start({
      // It answers as if its caller were still there.
      wrap: (orchestrator) => ({
        ...orchestrator,
        init: async (message, { ipAddress }) => {
          const response = await orchestrator.init(message, { ipAddress });
          await held;
          return response;
        },
      }),
    });
    const client = await world.connect();
    client.send(request());
    await world.until(() => world.records.length === 1);
    expect(await world.liveSessions()).toHaveLength(1);
    client.socket.terminate();
    await world.event('connection.closed');
    release();
    expect(await world.event('session.withdrawn')).toMatchObject({ outcome: 'removed', user: 'ada', attempts: 1 });
    expect(await world.liveSessions()).toEqual([]);
  });

  test('a removal that fails is reported, and tried again', async () => {
    let failures = 2;
    await start({
      wrap: (orchestrator) => ({
        ...orchestrator,
        init: async (message, { ipAddress }) => {
          const response = await orchestrator.init(message, { ipAddress });
          await world.event('connection.closed');
          return response;
        },
        remove: async (sessionId) => {
          if (failures-- > 0) throw new Error('The store is down.');
          return orchestrator.remove(sessionId);
        },
      }),
    });
    const client = await world.connect();
    client.send(request());
    await world.until(() => world.records.length === 1);
    client.socket.terminate();
    const reports = () => world.events.filter((event) => event.type === 'session.withdrawn');
    for (const [wait, count] of [
      [0, 1],
      [100, 2],
      [200, 3],
    ] as const) {
      await world.clock.advance(wait);
      await world.until(() => reports().length === count);
    }
    expect(reports().map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
      ['retrying', 1],
      ['retrying', 2],
      ['removed', 3],
    ]);
    expect(await world.liveSessions()).toEqual([]);
  });

  test('an answer that waits in a buffer when its client goes away was not delivered', async () => {
    await start({
      maxBufferedBytes: 2 ** 30,
      // More than the buffers of both ends of a socket take.
      onMessage: (_, { send }) => void send('x'.repeat(64 * 1024 * 1024)),
    });
    const { client, sessionId } = await world.connectBound('first');
    client.socket.pause();
    client.send({ flood: true }, request('second'));
    await world.until(() => world.records.length === 2);
    expect(await world.liveSessions()).toHaveLength(2);
    client.socket.terminate();
    expect(await world.event('session.withdrawn')).toMatchObject({ outcome: 'removed', user: 'second' });
    expect((await world.liveSessions()).map(({ session_id }) => session_id)).toEqual([sessionId]);
  });

  test('a client that goes away while nothing is read from it has not got the answers that are sent then', async () => {
    await start({ maxQueuedMessages: 1 });
    const { release, reached } = world.hold('held');
    const client = await world.connect();
    client.send(request('held'), request('next'), request('last'));
    await reached;
    // When it cannot get rid of more, the server does not read any more.
    const large = JSON.stringify({ ...request('ada', 'wrong'), padding: 'x'.repeat(60_000) });
    for (let before = -1; client.socket.bufferedAmount !== before; ) {
      before = client.socket.bufferedAmount;
      client.send(large);
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
      if (client.socket.bufferedAmount > before && before > 0) break;
    }
    client.socket.terminate();
    await client.closed;
    release();
    await world.event('connection.closed');
    await world.transport.drain();
    expect(world.records[0]).toMatchObject({ username: 'held', state: 'authorized' });
    expect(await world.liveSessions()).toEqual([]);
  });

  test('a client that reads late has got the answers that were sent while nothing was read from it', async () => {
    await start({ maxQueuedMessages: 1 });
    const users = Array.from({ length: 50 }, (_, index) => `user-${index}`);
    const { release, reached } = world.hold('held');
    const client = await world.connect();
    client.send(request('held'));
    await reached;
    client.send(...users.map((user) => request(user)));
    release();
    await client.take(51);
    // The pongs are behind it.
    const pong = once(client.socket, 'pong');
    client.socket.ping();
    await pong;
    client.socket.terminate();
    await world.event('connection.closed');
    await world.transport.drain();
    expect(await world.liveSessions()).toHaveLength(51);
  });

  test('a session whose answer was delivered outlives its connection', async () => {
    await start();
    const { client, sessionId } = await world.connectBound();
    await client.close();
    await world.event('connection.closed');
    expect((await world.liveSessions()).map(({ session_id }) => session_id)).toEqual([sessionId]);
  });
});

describe('what is told', () => {
  test('is the opening and the closing of each connection, with the address and the code of the client', async () => {
    await start();
    const client = await world.connect();
    const opened = await world.event('connection.opened');
    await client.close(4321);
    expect(await world.event('connection.closed')).toEqual({
      type: 'connection.closed',
      connectionId: opened.connectionId,
      ipAddress: '127.0.0.1',
      code: 4321,
      reason: '',
    });
    expect(world.transport.connections).toBe(0);
  });

  test('is whose session was sent over a connection, and nothing of one that was refused', async () => {
    await start();
    const { client, sessionId } = await world.connectBound();
    const { connectionId } = await world.event('connection.opened');
    const { user, ...bound } = await world.event('connection.bound');
    expect(bound).toEqual({ type: 'connection.bound', connectionId, ipAddress: '127.0.0.1', sessionId });
    expect(user).toBe(request().username);
    await client.close();
  });

  test('does no harm if the listener or the inspector throws', async () => {
    const throws = () => {
      throw new Error('A listener failed.');
    };
    await start({ onEvent: throws, inspect: throws });
    expect(await (await world.connect()).ask(request())).toMatchObject({ success: true });
    expect(await world.event('fault.reported')).toMatchObject({ cause: { message: 'A listener failed.' } });
  });

  test('ASVS 16.2.5: shows no secret, nor does the inspection of a connection', async () => {
    const shown: string[] = [];
    const note = (it: unknown) => {
      shown.push(inspect(it, { depth: 12, showHidden: true }));
    };
    await start({
      onEvent: note,
      // An actor shows its whole machine; what can hold a secret is the event, the input in it, and the context.
      inspect: (it) =>
        note([it.type, 'event' in it && it.event, 'snapshot' in it && 'context' in it.snapshot && it.snapshot.context]),
      onMessage: () => Promise.reject(new Error('failed')),
    });
    const client = await world.connect();
    client.send(request(), { username: 'ada', user_secret: [SECRET] }, `${SECRET} {`, { own: 1 });
    const [granted] = await client.take(4);
    await client.close();
    await world.event('connection.closed');
    expect(shown.length).toBeGreaterThan(10);
    expect(shown.join()).not.toContain(SECRET);
    expect(shown.join()).not.toContain(granted?.data?.['session_secret']);
  });
});

/** A text frame as a client sends it, masked with zeros. */
function clientFrame(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
