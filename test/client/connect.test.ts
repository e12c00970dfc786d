import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ConnectOptions, connect, FullAuthSession, type SessionClient } from '../../src/client/index.js';
import type { SessionInitError } from '../../src/model/errors.js';
import { type SimulatedClock, simulatedClock } from '../../src/testing/simulated-clock.js';
import { ScriptedServer } from '../support/scripted-web-socket-server.js';
import { denial, SESSION_SECRET, success } from '../support/wire-answers.js';

const ALICE = { username: 'alice', user_secret: 'marked-user-secret-1' };
const BOB = { username: 'bob', user_secret: 'marked-user-secret-2' };
const TIMED_OUT = { reason: 'REQUEST_TIMED_OUT', code: 'request_timed_out' };

let server: ScriptedServer;
let clock: SimulatedClock;
let clients: SessionClient[];
let errors: [SessionInitError, string | undefined][];
let escaped: unknown[];
const noteEscaped = (reason: unknown) => escaped.push(reason);

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = simulatedClock();
  clients = [];
  errors = [];
  escaped = [];
  process.on('unhandledRejection', noteEscaped);
  process.on('uncaughtException', noteEscaped);
});

afterEach(async () => {
  for (const client of clients) client.close();
  await server.stop();
  await clock.advance(0);
  process.off('unhandledRejection', noteEscaped);
  process.off('uncaughtException', noteEscaped);
  expect(escaped).toEqual([]);
});

function connectTo(url: string | URL = server.url, options: ConnectOptions = {}): SessionClient {
  const client = connect(url, {
    clock,
    onError: (error, referenceId) => errors.push([error, referenceId]),
    ...options,
  });
  clients.push(client);
  return client;
}

/** A client with a session, and the server's end of its connection. */
async function establish(options?: ConnectOptions) {
  const client = connectTo(server.url, options);
  const asked = client.init(ALICE);
  const end = await server.connections.take();
  expect(await end.frames.take()).toEqual(ALICE);
  end.send(success('alice'));
  expect((await asked).success).toBe(true);
  return { client, end };
}

/** What the present connection was told next, of which there is nothing before. */
const next = <Value>(subscribe: (listener: (value: Value) => void) => () => void) =>
  new Promise<Value>((resolve) => {
    const unsubscribe = subscribe((value) => {
      unsubscribe();
      resolve(value);
    });
  });

describe('an init', () => {
  test('gives the session, which is bound to the connection', async () => {
    const client = connectTo();
    expect(client.send({ text: 'before there is a session' })).toBe(false);
    const asked = client.init(ALICE);
    const end = await server.connections.take();
    expect(await end.frames.take()).toEqual(ALICE);
    end.send(success('alice'));
    const { data } = await asked;
    expect(data).toBeInstanceOf(FullAuthSession);
    expect((data as FullAuthSession).session_secret?.reveal()).toBe(SESSION_SECRET);
    expect(await client.opened).toBe(true);
    expect(client.send({ hello: 'service' })).toBe(true);
    expect(await end.frames.take()).toEqual({ hello: 'service' });
    expect(errors).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('gives the denial as it came, and the connection serves the next one', async () => {
    const client = connectTo();
    const first = client.init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    end.send(denial('alice'));
    expect((await first).data).toMatchObject({ reason: 'AUTHENTICATION_DENIED', reference_id: 'of-the-server' });
    const second = client.init(ALICE);
    await end.frames.take();
    end.send(success('alice'));
    expect((await second).success).toBe(true);
  });

  test('reads binary frames', async () => {
    const asked = connectTo().init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    end.send(new TextEncoder().encode(JSON.stringify(success('ålice ⚿'))));
    expect((await asked).data).toMatchObject({ user: 'ålice ⚿' });
  });

  test.each([
    ['text that is not JSON', 'so what', 'not JSON'],
    ['an empty frame', '', 'not JSON'],
    ['bytes that are not UTF-8', new Uint8Array([0xff, 0xfe, 0x7b]), 'not JSON'],
    ['deep JSON', '['.repeat(100_000) + ']'.repeat(100_000), 'must be an object, and is an array'],
    ['deep JSON that breaks off', '{"success":'.repeat(100_000), 'not JSON'],
    ['JSON that is no object', '42', 'must be an object'],
    ['an object that is no response', '{"hello":"there"}', 'success must be a boolean'],
    [
      'properties of a prototype',
      '{"__proto__":{"success":true,"reason":"","data":null}}',
      'success must be a boolean',
    ],
  ])('takes %s for OTHER, malformed_response, and stays usable', async (_, frame, details) => {
    const client = connectTo();
    const asked = client.init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    end.send(frame);
    expect((await asked).data).toMatchObject({
      user: 'alice',
      reason: 'OTHER',
      code: 'malformed_response',
      details: expect.stringContaining(details),
    });
    const again = client.init(ALICE);
    await end.frames.take();
    end.send(success('alice'));
    expect((await again).success).toBe(true);
  });

  test('takes ten megabytes of garbage for garbage', async () => {
    const asked = connectTo().init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    end.send('x'.repeat(10_000_000));
    expect((await asked).data).toMatchObject({ code: 'malformed_response' });
  });

  test('without an answer times out at its deadline, and not before', async () => {
    const client = connectTo();
    const asked = client.init(ALICE, { deadline: 3_000 });
    const end = await server.connections.take();
    await end.frames.take();
    await clock.advance(2_999);
    expect(await Promise.race([asked, 'nothing yet'])).toBe('nothing yet');
    await clock.advance(1);
    expect((await asked).data).toMatchObject({ ...TIMED_OUT, user: 'alice' });
  });

  test('has the deadline of the client unless it has one of its own', async () => {
    const client = connectTo(server.url, { deadline: 500 });
    const garbage = [undefined, Number.NaN, 0, -1, Number.POSITIVE_INFINITY, '7'] as (number | undefined)[];
    const asked = garbage.map((deadline) => client.init(ALICE, { deadline }));
    const longer = client.init(BOB, { deadline: 501 });
    const end = await server.connections.take();
    for (let frame = await end.frames.take(); frame !== undefined; ) {
      if ((frame as { username: string }).username === 'bob') break;
      frame = await end.frames.take();
    }
    await clock.advance(500);
    for (const response of await Promise.all(asked)) expect(response.data).toMatchObject(TIMED_OUT);
    expect(await Promise.race([longer, 'nothing yet'])).toBe('nothing yet');
    await clock.advance(1);
    expect((await longer).data).toMatchObject({ ...TIMED_OUT, user: 'bob' });
  });

  test('whose connection is lost before the answer times out at once, with the cause for the developer', async () => {
    const asked = connectTo().init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    end.socket.terminate();
    const { data } = await asked;
    expect(data).toMatchObject({ ...TIMED_OUT, details: 'The connection was closed before the answer came.' });
    expect(errors).toEqual([
      [expect.objectContaining({ code: 'backend_fault' }), (data as { reference_id?: string }).reference_id],
    ]);
  });

  test.each([1000, 1001, 1008, 1011, 1013, 4001])('ends when the server closes with %i instead', async (code) => {
    const client = connectTo();
    const asked = client.init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    end.socket.close(code, 'enough');
    expect((await asked).data).toMatchObject(TIMED_OUT);
    expect(await client.closed).toEqual({ code, reason: 'enough' });
  });

  test('ends when the answer breaks off in the middle', async () => {
    const asked = connectTo().init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    const stream = (end.socket as unknown as { _socket: Socket })._socket;
    // The head of a text frame of 100 bytes, and ten of them.
    stream.write(Buffer.concat([Buffer.from([0x81, 100]), Buffer.from('{"success"')]));
    stream.end();
    expect((await asked).data).toMatchObject(TIMED_OUT);
  });

  test('ends when the server breaks the protocol', async () => {
    const client = connectTo();
    const asked = client.init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    (end.socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    expect((await asked).data).toMatchObject(TIMED_OUT);
    expect((await client.closed).code).toBeGreaterThan(1000);
  });

  test.each([
    ['no object', 'alice'],
    ['no secret', { username: 'alice' }],
    ['null', null],
  ])('refuses what is no request (%s), and sends nothing', async (_, message) => {
    const client = connectTo();
    const response = await client.init(message as never);
    expect(response.data).toMatchObject({ reason: 'OTHER', code: 'malformed_request' });
    const end = await server.connections.take();
    const asked = client.init(ALICE);
    expect(await end.frames.take()).toEqual(ALICE);
    end.send(denial('alice'));
    await asked;
  });
});

describe('without a connection an init times out, and nothing is thrown', () => {
  const NO_CONNECTION = { ...TIMED_OUT, user: 'alice', details: 'There was no connection to the server.' };

  test('nobody listens', async () => {
    const { url } = server;
    await server.stop();
    const client = connectTo(url);
    const { data } = await client.init(ALICE);
    server = await ScriptedServer.start();
    expect(data).toMatchObject(NO_CONNECTION);
    expect(await client.opened).toBe(false);
    expect(await client.closed).toEqual({ code: 1006, reason: '' });
    expect(errors).toEqual([
      [
        expect.objectContaining({ code: 'backend_fault', message: expect.stringContaining(new URL(url).origin) }),
        (data as { reference_id?: string }).reference_id,
      ],
    ]);
    expect(errors[0]?.[0].cause).toBeDefined();
    expect(clock.pending).toBe(0);
  });

  test.each([503, 403, 200, 302])('the handshake is answered with %i', async (status) => {
    const http = createHttpServer();
    http.on('upgrade', (_, socket) =>
      socket.end(`HTTP/1.1 ${status} No\r\nLocation: ${server.url}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`),
    );
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const client = connectTo(`ws://127.0.0.1:${(http.address() as AddressInfo).port}/`);
    expect((await client.init(ALICE)).data).toMatchObject(NO_CONNECTION);
    expect(server.connections.size).toBe(0);
    http.close();
  });

  test('something else answers', async () => {
    await withTcpServer(
      (socket) => socket.end('220 mail.example.org ESMTP\r\n'),
      async (url) => {
        expect((await connectTo(url).init(ALICE)).data).toMatchObject(NO_CONNECTION);
      },
    );
  });

  test('a server accepts, and says nothing', async () => {
    await withTcpServer(
      () => {},
      async (url, accepted) => {
        const client = connectTo(url);
        const asked = client.init(ALICE, { deadline: 5_000 });
        await accepted;
        await clock.advance(5_000);
        expect((await asked).data).toMatchObject(NO_CONNECTION);
        // The connection itself may take as long as the client allows.
        expect(await Promise.race([client.opened, 'nothing yet'])).toBe('nothing yet');
        await clock.advance(5_000);
        expect(await client.opened).toBe(false);
        expect(errors.map(([error]) => String(error.cause))).toEqual(['Error: It was not open after 10000 ms.']);
        expect(clock.pending).toBe(0);
      },
    );
  });

  test('and nobody has asked for anything: the developer is told', async () => {
    const { url } = server;
    await server.stop();
    const client = connectTo(url);
    expect(await client.opened).toBe(false);
    server = await ScriptedServer.start();
    await clock.advance(0);
    expect(errors).toEqual([[expect.objectContaining({ code: 'backend_fault' }), undefined]]);
  });

  test('and an onError that throws, or rejects, harms nothing', async () => {
    const { url } = server;
    await server.stop();
    const throwing = connectTo(url, {
      onError: () => {
        throw new Error('in onError');
      },
    });
    const rejecting = connectTo(url, { onError: () => Promise.reject(new Error('in onError')) as never });
    expect((await throwing.init(ALICE)).data).toMatchObject(NO_CONNECTION);
    expect((await rejecting.init(ALICE)).data).toMatchObject(NO_CONNECTION);
    server = await ScriptedServer.start();
  });

  async function withTcpServer(
    serve: (socket: Socket) => void,
    use: (url: string, accepted: Promise<unknown>) => Promise<void>,
  ): Promise<void> {
    const sockets: Socket[] = [];
    const tcp: Server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      serve(socket);
    });
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const accepted = once(tcp, 'connection');
    try {
      await use(`ws://127.0.0.1:${(tcp.address() as AddressInfo).port}/`, accepted);
    } finally {
      for (const socket of sockets) socket.destroy();
      tcp.close();
    }
  }
});

describe('several inits on one connection', () => {
  test('are answered in order', async () => {
    const client = connectTo();
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const asked = users.map((username) => client.init({ username, user_secret: 'marked-user-secret' }));
    const end = await server.connections.take();
    for (const user of users) {
      expect(await end.frames.take()).toMatchObject({ username: user });
      end.send(Number(user.slice(5)) % 2 === 0 ? success(user) : denial(user));
    }
    const responses = await Promise.all(asked);
    expect(responses.map(({ data }) => (data as { user: string }).user)).toEqual(users);
    expect(responses.map((response) => response.success)).toEqual(users.map((_, index) => index % 2 === 0));
    expect(server.connections.size).toBe(0);
  });

  test('one that has timed out takes its late answer, so that the others are not shifted', async () => {
    const client = connectTo();
    const first = client.init(ALICE, { deadline: 1_000 });
    const second = client.init(BOB);
    const end = await server.connections.take();
    await end.frames.take();
    await end.frames.take();
    await clock.advance(1_000);
    expect((await first).data).toMatchObject({ ...TIMED_OUT, user: 'alice' });
    end.send(success('alice', 1));
    end.send(success('bob', 2));
    expect((await second).data).toMatchObject({ user: 'bob', session_id: 2 });
    expect(client.send({ text: 'for bob' })).toBe(true);
    expect(await end.frames.take()).toEqual({ text: 'for bob' });
  });

  test('a late session and a timely one in one packet: only the timely one is held', async () => {
    const client = connectTo();
    const first = client.init(ALICE, { deadline: 1_000 });
    const second = client.init(BOB);
    const end = await server.connections.take();
    await end.frames.take();
    await end.frames.take();
    await clock.advance(1_000);
    await first;
    end.sendAtOnce(success('alice', 1), success('bob', 2));
    expect((await second).data).toMatchObject({ user: 'bob' });
    expect(client.send({ text: 'for bob' })).toBe(true);
  });

  test('one that is aborted while another is answered in the same packet takes its own answer with it', async () => {
    const client = connectTo();
    const controller = new AbortController();
    const first = client.init(ALICE).then((response) => {
      controller.abort();
      return response;
    });
    const second = client.init(BOB, { signal: controller.signal });
    const end = await server.connections.take();
    await end.frames.take();
    await end.frames.take();
    end.sendAtOnce(denial('alice'), success('bob', 2));
    expect((await first).data).toMatchObject({ user: 'alice' });
    const { success: isSuccess, data } = await second;
    // Whichever of the two comes first, the answer and what the connection is used for agree.
    if (!isSuccess) expect(data).toMatchObject({ code: 'cancelled' });
    expect(client.send({ text: 'for bob' })).toBe(isSuccess);
  });

  test('a new one asked for in the same turn in which an old one is given up is not cut off', async () => {
    const client = connectTo();
    const controller = new AbortController();
    const first = client.init(ALICE, { signal: controller.signal });
    const end = await server.connections.take();
    await end.frames.take();
    const second = client.init(BOB);
    controller.abort();
    expect((await first).data).toMatchObject({ reason: 'OTHER', code: 'cancelled' });
    expect(await end.frames.take()).toEqual(BOB);
    end.send(denial('alice'));
    end.send(success('bob', 2));
    expect((await second).data).toMatchObject({ user: 'bob' });
  });

  test('all that wait are ended by a lost connection', async () => {
    const client = connectTo();
    const asked = [client.init(ALICE), client.init(BOB)];
    const end = await server.connections.take();
    await end.frames.take();
    await end.frames.take();
    end.socket.terminate();
    for (const response of await Promise.all(asked)) expect(response.data).toMatchObject(TIMED_OUT);
    expect(new Set(errors.map(([error]) => error)).size).toBe(1);
    expect(new Set(errors.map(([, referenceId]) => referenceId)).size).toBe(2);
  });
});

describe('P2: a session that nobody holds', () => {
  test('an init is given up on a connection that serves nothing else: the server is told by closing', async () => {
    const client = connectTo();
    const asked = client.init(ALICE, { deadline: 1_000 });
    const end = await server.connections.take();
    await end.frames.take();
    await clock.advance(1_000);
    expect((await asked).data).toMatchObject(TIMED_OUT);
    expect((await end.closed).code).toBe(1000);
    // What is asked next goes over a new connection, where nothing is late.
    const again = client.init(BOB);
    const other = await server.connections.take();
    expect(await other.frames.take()).toEqual(BOB);
    other.send(success('bob', 2));
    expect((await again).data).toMatchObject({ user: 'bob' });
    expect(errors).toEqual([]);
  });

  test('a session comes late beside a held one: the connection is closed, and not used with the wrong session', async () => {
    const { client, end } = await establish();
    const asked = client.init(BOB, { deadline: 1_000 });
    await end.frames.take();
    await clock.advance(1_000);
    expect((await asked).data).toMatchObject(TIMED_OUT);
    expect(client.send({ text: 'still as alice' })).toBe(true);
    expect(await end.frames.take()).toEqual({ text: 'still as alice' });
    end.send(success('bob', 2));
    expect((await end.closed).code).toBe(1000);
    expect(client.send({ text: 'as whom?' })).toBe(false);
    expect(end.frames.size).toBe(0);
  });

  test('a denial comes late beside a held session: the session goes on', async () => {
    const { client, end } = await establish();
    const asked = client.init(BOB, { deadline: 1_000 });
    await end.frames.take();
    await clock.advance(1_000);
    await asked;
    end.send(denial('bob'));
    end.send({ own: 'message' });
    expect(await next(client.onMessage)).toEqual({ own: 'message' });
    expect(client.send({ text: 'as alice' })).toBe(true);
  });

  test('a session without a secret: SESSION_DETAILS_MISSING, and the connection is closed', async () => {
    const client = connectTo();
    const asked = client.init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    const { session_secret: _, ...data } = success('alice').data;
    end.send({ ...success('alice'), data });
    expect((await asked).data).toMatchObject({ user: 'alice', reason: 'SESSION_DETAILS_MISSING' });
    expect(client.send({ text: 'hello' })).toBe(false);
    expect((await end.closed).code).toBe(1000);
  });
});

describe('frames that answer nothing', () => {
  test('own messages reach their listeners, those that look like an answer included', async () => {
    const { client, end } = await establish();
    const seen: unknown[] = [];
    const unsubscribe = client.onMessage((value) => seen.push(value));
    for (const value of [1, null, 'text', [2], { success: true, data: {} }, denial('alice')])
      end.send(JSON.stringify(value));
    end.send('"last"');
    while (seen.at(-1) !== 'last') await next(client.onMessage);
    expect(seen).toEqual([1, null, 'text', [2], { success: true, data: {} }, denial('alice'), 'last']);
    unsubscribe();
    end.send('"unheard"');
    expect(await next(client.onMessage)).toBe('unheard');
    expect(seen).toHaveLength(7);
  });

  test('own messages may come between a request and its answer', async () => {
    const { client, end } = await establish();
    const message = next(client.onMessage);
    const asked = client.init(BOB);
    await end.frames.take();
    end.send({ progress: 0.5 });
    end.send(denial('bob'));
    expect(await message).toEqual({ progress: 0.5 });
    expect((await asked).data).toMatchObject({ user: 'bob', reason: 'AUTHENTICATION_DENIED' });
  });

  test('P5: an answer that comes twice is dropped, and its secret reaches no listener', async () => {
    const { client, end } = await establish();
    const seen: unknown[] = [];
    client.onMessage((value) => seen.push(value));
    end.send(success('alice'));
    end.send('"after"');
    await next(client.onMessage);
    expect(seen).toEqual(['after']);
    expect(errors.map(([error]) => error.message)).toEqual([expect.stringContaining('for which nobody asked')]);
    expect(JSON.stringify(errors) + String(errors)).not.toContain(SESSION_SECRET);
    expect(client.send({ text: 'still as alice' })).toBe(true);
  });

  test('what is not JSON is dropped, and reported', async () => {
    const { client, end } = await establish();
    end.send('nonsense');
    end.send('"after"');
    expect(await next(client.onMessage)).toBe('after');
    expect(errors.map(([error]) => error.message)).toEqual([expect.stringContaining('is not JSON')]);
  });

  test('listeners that throw or reject harm neither each other nor the client', async () => {
    const { client, end } = await establish();
    client.onMessage(() => {
      throw new Error('thrown');
    });
    client.onMessage(() => Promise.reject(new Error('rejected')) as never);
    client.onSessionEnded(() => {
      throw 'a string';
    });
    end.send('"one"');
    expect(await next(client.onMessage)).toBe('one');
    end.send({ event: 'session_ended', session_id: 1, cause: 'removed' });
    await next(client.onSessionEnded);
    await clock.advance(0);
    expect(errors.map(([error]) => [error.code, String(error.cause)])).toEqual([
      ['defect', 'Error: thrown'],
      ['defect', 'Error: rejected'],
      ['defect', 'a string'],
    ]);
  });

  test('a listener that subscribes another, or ends itself, disturbs nobody', async () => {
    const { client, end } = await establish();
    const seen: string[] = [];
    const once = client.onMessage(() => {
      seen.push('once');
      once();
      client.onMessage(() => seen.push('new'));
    });
    client.onMessage(() => seen.push('always'));
    end.send('1');
    await next(client.onMessage);
    end.send('2');
    await next(client.onMessage);
    expect(seen).toEqual(['once', 'always', 'always', 'new']);
  });
});

describe('ASVS 7.4.1: the end of a session', () => {
  test('is told, with the close that follows; what is asked then goes over a new connection', async () => {
    const { client, end } = await establish();
    const ended = next(client.onSessionEnded);
    end.send({ event: 'session_ended', session_id: 1, cause: 'expired' });
    expect(await ended).toEqual({ sessionId: 1, cause: 'expired' });
    expect(client.send({ text: 'too late' })).toBe(false);
    // The close has not come yet, and still nothing is asked on a connection that is about to end.
    const asked = client.init(ALICE);
    const { closed } = client;
    const other = await server.connections.take();
    expect(await other.frames.take()).toEqual(ALICE);
    end.socket.close(4001, 'session ended');
    other.send(success('alice', 2));
    expect((await asked).data).toMatchObject({ session_id: 2 });
    expect(await Promise.race([closed, 'still open'])).toBe('still open');
    expect(errors).toEqual([]);
  });

  test('comes with close code 4001', async () => {
    const { client, end } = await establish();
    end.send({ event: 'session_ended', session_id: 1, cause: 'removed' });
    end.socket.close(4001, 'session ended');
    expect(await client.closed).toEqual({ code: 4001, reason: 'session ended' });
    expect(errors).toEqual([]);
  });

  test('of another session leaves this one in use', async () => {
    const { client, end } = await establish();
    const ended = next(client.onSessionEnded);
    end.send({ event: 'session_ended', session_id: 99 });
    expect(await ended).toEqual({ sessionId: 99, cause: '' });
    expect(client.send({ text: 'as alice' })).toBe(true);
  });

  test('is not taken for an answer', async () => {
    const { client, end } = await establish();
    const ended = next(client.onSessionEnded);
    const asked = client.init(BOB);
    await end.frames.take();
    end.send({ event: 'session_ended', session_id: 1, cause: 'evicted', success: true, data: null });
    await ended;
    end.send(denial('bob'));
    expect((await asked).data).toMatchObject({ user: 'bob', reason: 'AUTHENTICATION_DENIED' });
  });

  test('without a session id is a message like any other', async () => {
    const { client, end } = await establish();
    end.send({ event: 'session_ended', session_id: '1' });
    expect(await next(client.onMessage)).toEqual({ event: 'session_ended', session_id: '1' });
  });
});

describe('redialling', () => {
  test('happens once for an init that finds the connection closed', async () => {
    const { client, end } = await establish();
    end.socket.close(1001);
    expect((await client.closed).code).toBe(1001);
    expect(client.send({ text: 'nobody there' })).toBe(false);
    const asked = client.init(ALICE);
    const other = await server.connections.take();
    await other.frames.take();
    other.send(success('alice', 2));
    expect((await asked).data).toMatchObject({ session_id: 2 });
    expect(client.send({ text: 'there again' })).toBe(true);
  });

  test('does not happen by itself', async () => {
    const { client, end } = await establish();
    end.socket.terminate();
    await client.closed;
    await clock.advance(3_600_000);
    expect(server.connections.size).toBe(0);
    expect(clock.pending).toBe(0);
    expect(errors).toEqual([[expect.objectContaining({ code: 'backend_fault' }), undefined]]);
  });

  test('is shared by inits that are asked for at once', async () => {
    const { client, end } = await establish();
    end.socket.close(1001);
    await client.closed;
    const asked = [client.init(ALICE), client.init(BOB)];
    const other = await server.connections.take();
    await other.frames.take();
    await other.frames.take();
    other.send(denial('alice'));
    other.send(denial('bob'));
    await Promise.all(asked);
    expect(server.connections.size).toBe(0);
  });
});

describe('the caller', () => {
  test('aborts before, while connecting, or while waiting: OTHER, cancelled', async () => {
    const client = connectTo();
    const cancelled = { user: 'alice', reason: 'OTHER', code: 'cancelled' };
    expect((await client.init(ALICE, { signal: AbortSignal.abort() })).data).toMatchObject(cancelled);
    const controller = new AbortController();
    const connecting = client.init(ALICE, { signal: controller.signal });
    controller.abort();
    expect((await connecting).data).toMatchObject(cancelled);
    await client.opened;
    const another = new AbortController();
    const waiting = client.init(ALICE, { signal: another.signal });
    const end = await server.connections.take();
    await end.frames.take();
    another.abort();
    expect((await waiting).data).toMatchObject(cancelled);
    expect((await end.closed).code).toBe(1000);
    expect(clock.pending).toBe(0);
  });

  test('closes: inits are cancelled, the server is told, and no init opens a connection again', async () => {
    const client = connectTo();
    const asked = client.init(ALICE);
    const end = await server.connections.take();
    await end.frames.take();
    client.close();
    client.close();
    expect((await asked).data).toMatchObject({ reason: 'OTHER', code: 'cancelled' });
    expect((await client.closed).code).toBe(1000);
    expect((await end.closed).code).toBe(1000);
    expect((await client.init(ALICE)).data).toMatchObject({ reason: 'OTHER', code: 'cancelled' });
    expect(client.send({ text: 'hello' })).toBe(false);
    expect(server.connections.size).toBe(0);
    expect(errors).toEqual([]);
  });

  test('closes before the connection is open: nothing is sent, and nobody complains', async () => {
    const client = connectTo();
    const asked = client.init(ALICE);
    client.close();
    expect((await asked).data).toMatchObject({ reason: 'OTHER', code: 'cancelled' });
    expect(await client.opened).toBe(false);
    expect(await client.closed).toEqual({ code: 1006, reason: '' });
    await clock.advance(0);
    expect(server.connections.size).toBe(0);
    expect(errors).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('sends what a server would take for a request, or what is no JSON: a TypeError, and nothing is sent', async () => {
    const { client, end } = await establish();
    for (const message of [undefined, null, 1n, 'text', [1], { user_secret: '' }, ALICE, () => {}]) {
      expect(() => client.send(message as object)).toThrow(TypeError);
    }
    expect(client.send({ text: 'last' })).toBe(true);
    expect(await end.frames.take()).toEqual({ text: 'last' });
  });

  test('gets the events of each machine, and an inspector that throws harms no init', async () => {
    const types = new Set<string>();
    const { client } = await establish({
      inspect: ({ type }) => {
        types.add(type);
        throw new Error('in inspect');
      },
    });
    expect(types).toContain('@xstate.snapshot');
    expect(client.send({ text: 'fine' })).toBe(true);
    await clock.advance(0);
    expect(new Set(errors.map(([error]) => String(error.cause)))).toEqual(new Set(['Error: in inspect']));
  });
});
