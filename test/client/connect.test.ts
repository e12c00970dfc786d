import { getEventListeners } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { FullAuthSession } from '../../src/client/index.js';
import { ALICE, BOB, CANCELLED, clientWorld, TIMED_OUT } from '../support/client-world.js';
import { denial, SESSION_SECRET, success } from '../support/wire-answers.js';

const world = clientWorld();

describe('an init', () => {
  test('gives the session, which is bound to the connection', async () => {
    const client = world.connect();
    expect(client.send({ text: 'before there is a session' })).toBe(false);
    const asked = client.init(ALICE);
    const end = await world.server.connections.take();
    expect(await end.frames.take()).toEqual(ALICE);
    end.send(success('alice'));
    const { data } = await asked;
    expect(data).toBeInstanceOf(FullAuthSession);
    expect((data as FullAuthSession).session_secret?.reveal()).toBe(SESSION_SECRET);
    expect(await client.opened).toBe(true);
    expect(client.send({ hello: 'service' })).toBe(true);
    expect(await end.frames.take()).toEqual({ hello: 'service' });
    expect(world.errors).toEqual([]);
    expect(world.clock.pending).toBe(0);
  });

  test('gives the denial as it came, and the connection serves the next one', async () => {
    const client = world.connect();
    const first = client.init(ALICE);
    const end = await world.server.connections.take();
    await end.frames.take();
    end.send(denial('alice'));
    expect((await first).data).toMatchObject({ reason: 'AUTHENTICATION_DENIED', reference_id: 'of-the-server' });
    const second = client.init(ALICE);
    await end.frames.take();
    end.send(success('alice'));
    expect((await second).success).toBe(true);
  });

  test('reads binary frames', async () => {
    const asked = world.connect().init(ALICE);
    const end = await world.server.connections.take();
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
    const client = world.connect();
    const asked = client.init(ALICE);
    const end = await world.server.connections.take();
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
    const asked = world.connect().init(ALICE);
    const end = await world.server.connections.take();
    await end.frames.take();
    end.send('x'.repeat(10_000_000));
    expect((await asked).data).toMatchObject({ code: 'malformed_response' });
  });

  test('without an answer times out at its deadline, and not before', async () => {
    const client = world.connect();
    const asked = client.init(ALICE, { deadline: 3_000 });
    const end = await world.server.connections.take();
    await end.frames.take();
    await world.clock.advance(2_999);
    expect(await Promise.race([asked, 'nothing yet'])).toBe('nothing yet');
    await world.clock.advance(1);
    expect((await asked).data).toMatchObject({ ...TIMED_OUT, user: 'alice' });
  });

  test('has the deadline of the client unless it has one of its own', async () => {
    const client = world.connect(world.server.url, { deadline: 500 });
    const garbage = [undefined, Number.NaN, 0, -1, Number.POSITIVE_INFINITY, '7'] as (number | undefined)[];
    const asked = garbage.map((deadline) => client.init(ALICE, { deadline }));
    const longer = client.init(BOB, { deadline: 501 });
    const end = await world.server.connections.take();
    for (let frame = await end.frames.take(); frame !== undefined; ) {
      if ((frame as { username: string }).username === 'bob') break;
      frame = await end.frames.take();
    }
    await world.clock.advance(500);
    for (const response of await Promise.all(asked)) expect(response.data).toMatchObject(TIMED_OUT);
    expect(await Promise.race([longer, 'nothing yet'])).toBe('nothing yet');
    await world.clock.advance(1);
    expect((await longer).data).toMatchObject({ ...TIMED_OUT, user: 'bob' });
  });

  test('whose connection is lost before the answer times out at once, with the cause for the developer', async () => {
    const asked = world.connect().init(ALICE);
    const end = await world.server.connections.take();
    await end.frames.take();
    end.socket.terminate();
    const { data } = await asked;
    expect(data).toMatchObject({ ...TIMED_OUT, details: 'The connection was closed before the answer came.' });
    expect(world.errors).toEqual([
      [expect.objectContaining({ code: 'backend_fault' }), (data as { reference_id?: string }).reference_id],
    ]);
  });

  test.each([1000, 1008, 1011, 1013, 4001])('ends when the server closes with %i instead', async (code) => {
    const client = world.connect();
    const asked = client.init(ALICE);
    const end = await world.server.connections.take();
    await end.frames.take();
    end.socket.close(code, 'enough');
    expect((await asked).data).toMatchObject(TIMED_OUT);
    expect(await client.closed).toEqual({ code, reason: 'enough' });
  });

  test('ends when the answer breaks off in the middle', async () => {
    const asked = world.connect().init(ALICE);
    const end = await world.server.connections.take();
    await end.frames.take();
    // The head of a text frame of 100 bytes, and ten of them.
    end.stream.write(Buffer.concat([Buffer.from([0x81, 100]), Buffer.from('{"success"')]));
    end.stream.end();
    expect((await asked).data).toMatchObject(TIMED_OUT);
  });

  test('ends when the server breaks the protocol', async () => {
    const client = world.connect();
    const asked = client.init(ALICE);
    const end = await world.server.connections.take();
    await end.frames.take();
    end.stream.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    expect((await asked).data).toMatchObject(TIMED_OUT);
    expect((await client.closed).code).toBeGreaterThan(1000);
  });

  test.each([
    ['no object', 'alice'],
    ['no secret', { username: 'alice' }],
    ['null', null],
  ])('refuses what is no request (%s), and sends nothing', async (_, message) => {
    const client = world.connect();
    const response = await client.init(message as never);
    expect(response.data).toMatchObject({ reason: 'OTHER', code: 'malformed_request' });
    const end = await world.server.connections.take();
    const asked = client.init(ALICE);
    expect(await end.frames.take()).toEqual(ALICE);
    end.send(denial('alice'));
    await asked;
  });
});

describe('the caller', () => {
  test('aborts before, while connecting, or while waiting: OTHER, cancelled', async () => {
    const client = world.connect();
    const cancelled = { user: 'alice', reason: 'OTHER', code: 'cancelled' };
    expect((await client.init(ALICE, { signal: AbortSignal.abort() })).data).toMatchObject(cancelled);
    const controller = new AbortController();
    const connecting = client.init(ALICE, { signal: controller.signal });
    controller.abort();
    expect((await connecting).data).toMatchObject(cancelled);
    await client.opened;
    const another = new AbortController();
    const waiting = client.init(ALICE, { signal: another.signal });
    const end = await world.server.connections.take();
    await end.frames.take();
    another.abort();
    expect((await waiting).data).toMatchObject(cancelled);
    expect((await end.closed).code).toBe(1000);
    expect(world.clock.pending).toBe(0);
  });

  test('closes: inits are cancelled, the server is told, and no init opens a connection again', async () => {
    const client = world.connect();
    const asked = client.init(ALICE);
    const end = await world.server.connections.take();
    await end.frames.take();
    client.close();
    client.close();
    expect((await asked).data).toMatchObject(CANCELLED);
    expect((await client.closed).code).toBe(1000);
    expect((await end.closed).code).toBe(1000);
    expect((await client.init(ALICE)).data).toMatchObject(CANCELLED);
    expect(client.send({ text: 'hello' })).toBe(false);
    expect(world.errors).toEqual([]);
    await world.nobodyHasDialled();
  });

  test('closes before the connection is open, having asked for nothing: nobody complains', async () => {
    const client = world.connect();
    client.close();
    expect(await client.closed).toEqual({ code: 1006, reason: '' });
    await world.clock.advance(0);
    expect(world.errors).toEqual([]);
    await world.nobodyHasDialled();
  });

  test('keeps one signal for many inits, and nothing of them stays on it', async () => {
    const { signal } = new AbortController();
    const { client, end } = await world.establish();
    const asked = client.init(BOB, { signal });
    await end.frames.take();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    end.send(denial('bob'));
    await asked;
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('closes before the connection is open: nothing is sent, and nobody complains', async () => {
    const client = world.connect();
    const asked = client.init(ALICE);
    client.close();
    expect((await asked).data).toMatchObject(CANCELLED);
    expect(await client.opened).toBe(false);
    expect(await client.closed).toEqual({ code: 1006, reason: '' });
    await world.clock.advance(0);
    expect(world.server.connections.size).toBe(0);
    expect(world.errors).toEqual([]);
    expect(world.clock.pending).toBe(0);
  });

  test('sends what a server would take for a request, or what is no JSON: a TypeError, and nothing is sent', async () => {
    const { client, end } = await world.establish();
    for (const message of [undefined, null, 1n, 'text', [1], { user_secret: '' }, ALICE, () => {}]) {
      expect(() => client.send(message as object)).toThrow(TypeError);
    }
    expect(client.send({ text: 'last' })).toBe(true);
    expect(await end.frames.take()).toEqual({ text: 'last' });
  });

  test('gets the events of each machine, and an inspector that throws harms no init', async () => {
    const types = new Set<string>();
    const { client } = await world.establish({
      inspect: ({ type }) => {
        types.add(type);
        throw new Error('in inspect');
      },
    });
    expect(types).toContain('@xstate.snapshot');
    expect(client.send({ text: 'fine' })).toBe(true);
    await world.clock.advance(0);
    expect(new Set(world.errors.map(([error]) => String(error.cause)))).toEqual(new Set(['Error: in inspect']));
  });
});
