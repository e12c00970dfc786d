import { describe, expect, test } from '@jest/globals';
import { ALICE, BOB, CANCELLED, clientWorld, next, TIMED_OUT } from '../support/client-world.js';
import { denial, success } from '../support/wire-answers.js';

const world = clientWorld();

describe('several inits on one connection', () => {
  test('are answered in order', async () => {
    const client = world.connect();
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const asked = users.map((username) => client.init({ username, user_secret: 'marked-user-secret' }));
    const end = await world.server.connections.take();
    for (const user of users) {
      expect(await end.frames.take()).toMatchObject({ username: user });
      end.send(Number(user.slice(5)) % 2 === 0 ? success(user) : denial(user));
    }
    const responses = await Promise.all(asked);
    expect(responses.map(({ data }) => (data as { user: string }).user)).toEqual(users);
    expect(responses.map((response) => response.success)).toEqual(users.map((_, index) => index % 2 === 0));
    expect(world.server.connections.size).toBe(0);
  });

  test('one that has timed out takes its late answer, so that the others are not shifted', async () => {
    const client = world.connect();
    const first = client.init(ALICE, { deadline: 1_000 });
    const second = client.init(BOB);
    const end = await world.server.connections.take();
    await end.frames.take();
    await end.frames.take();
    await world.clock.advance(1_000);
    expect((await first).data).toMatchObject({ ...TIMED_OUT, user: 'alice' });
    end.send(success('alice', 1));
    end.send(success('bob', 2));
    expect((await second).data).toMatchObject({ user: 'bob', session_id: 2 });
    expect(client.send({ text: 'for bob' })).toBe(true);
    expect(await end.frames.take()).toEqual({ text: 'for bob' });
  });

  test('a late session and a timely one in one packet: only the timely one is held', async () => {
    const client = world.connect();
    const first = client.init(ALICE, { deadline: 1_000 });
    const second = client.init(BOB);
    const end = await world.server.connections.take();
    await end.frames.take();
    await end.frames.take();
    await world.clock.advance(1_000);
    await first;
    end.sendAtOnce(success('alice', 1), success('bob', 2));
    expect((await second).data).toMatchObject({ user: 'bob' });
    expect(client.send({ text: 'for bob' })).toBe(true);
  });

  test('one that is aborted while another is answered in the same packet takes its own answer with it', async () => {
    const client = world.connect();
    const controller = new AbortController();
    const first = client.init(ALICE).then((response) => {
      controller.abort();
      return response;
    });
    const second = client.init(BOB, { signal: controller.signal });
    const end = await world.server.connections.take();
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
    const client = world.connect();
    const controller = new AbortController();
    const first = client.init(ALICE, { signal: controller.signal });
    const end = await world.server.connections.take();
    await end.frames.take();
    const second = client.init(BOB);
    controller.abort();
    expect((await first).data).toMatchObject(CANCELLED);
    expect(await end.frames.take()).toEqual(BOB);
    end.send(denial('alice'));
    end.send(success('bob', 2));
    expect((await second).data).toMatchObject({ user: 'bob' });
  });

  test('all that wait are ended by a lost connection', async () => {
    const client = world.connect();
    const asked = [client.init(ALICE), client.init(BOB)];
    const end = await world.server.connections.take();
    await end.frames.take();
    await end.frames.take();
    end.socket.terminate();
    for (const response of await Promise.all(asked)) expect(response.data).toMatchObject(TIMED_OUT);
    expect(new Set(world.errors.map(([error]) => error)).size).toBe(1);
    expect(new Set(world.errors.map(([, referenceId]) => referenceId)).size).toBe(2);
  });
});

describe('P2: a session that nobody holds', () => {
  test('an init is given up on a connection that serves nothing else: the server is told by closing', async () => {
    const client = world.connect();
    const asked = client.init(ALICE, { deadline: 1_000 });
    const end = await world.server.connections.take();
    await end.frames.take();
    await world.clock.advance(1_000);
    expect((await asked).data).toMatchObject(TIMED_OUT);
    expect((await end.closed).code).toBe(1000);
    // What is asked next goes over a new connection, where nothing is late.
    const again = client.init(BOB);
    const other = await world.server.connections.take();
    expect(await other.frames.take()).toEqual(BOB);
    other.send(success('bob', 2));
    expect((await again).data).toMatchObject({ user: 'bob' });
    expect(world.errors).toEqual([]);
  });

  test('a session comes late beside a held one: the connection is closed, and not used with the wrong session', async () => {
    const { client, end } = await world.establish();
    const asked = client.init(BOB, { deadline: 1_000 });
    await end.frames.take();
    await world.clock.advance(1_000);
    expect((await asked).data).toMatchObject(TIMED_OUT);
    expect(client.send({ text: 'still as alice' })).toBe(true);
    expect(await end.frames.take()).toEqual({ text: 'still as alice' });
    end.send(success('bob', 2));
    expect((await end.closed).code).toBe(1000);
    expect(client.send({ text: 'as whom?' })).toBe(false);
    expect(end.frames.size).toBe(0);
  });

  test('a denial comes late beside a held session: the session goes on', async () => {
    const { client, end } = await world.establish();
    const asked = client.init(BOB, { deadline: 1_000 });
    await end.frames.take();
    await world.clock.advance(1_000);
    await asked;
    end.send(denial('bob'));
    end.send({ own: 'message' });
    expect(await next(client.onMessage)).toEqual({ own: 'message' });
    expect(client.send({ text: 'as alice' })).toBe(true);
  });

  test('a session without a secret: SESSION_DETAILS_MISSING, and the connection is closed', async () => {
    const client = world.connect();
    const asked = client.init(ALICE);
    const end = await world.server.connections.take();
    await end.frames.take();
    const { session_secret: _, ...data } = success('alice').data;
    end.send({ ...success('alice'), data });
    expect((await asked).data).toMatchObject({ user: 'alice', reason: 'SESSION_DETAILS_MISSING' });
    expect(client.send({ text: 'hello' })).toBe(false);
    expect((await end.closed).code).toBe(1000);
  });
});

describe('redialling', () => {
  test('happens once for an init that finds the connection closed', async () => {
    const { client, end } = await world.establish();
    end.socket.close(1001);
    expect((await client.closed).code).toBe(1001);
    expect(client.send({ text: 'nobody there' })).toBe(false);
    const asked = client.init(ALICE);
    const other = await world.server.connections.take();
    await other.frames.take();
    other.send(success('alice', 2));
    expect((await asked).data).toMatchObject({ session_id: 2 });
    expect(client.send({ text: 'there again' })).toBe(true);
  });

  test('does not happen by itself', async () => {
    const { client, end } = await world.establish();
    end.socket.terminate();
    await client.closed;
    await world.clock.advance(3_600_000);
    await world.nobodyHasDialled();
    expect(world.clock.pending).toBe(0);
    expect(world.errors).toEqual([[expect.objectContaining({ code: 'backend_fault' }), undefined]]);
  });

  test('happens when the server has begun to close', async () => {
    const { client, end } = await world.establish();
    // A close frame with code 1001, from a server that then says and reads nothing more.
    end.stream.pause();
    end.stream.write(Buffer.from([0x88, 2, 0x03, 0xe9]));
    while (client.send({ still: 'open' })) await world.clock.advance(0);
    const asked = client.init(ALICE);
    const other = await world.server.connections.take();
    await other.frames.take();
    other.send(success('alice', 2));
    expect((await asked).data).toMatchObject({ session_id: 2 });
    expect(client.send({ text: 'there again' })).toBe(true);
  });

  test('does not happen for an init whose caller has gone already', async () => {
    const { client, end } = await world.establish();
    end.socket.close(1001);
    await client.closed;
    const { data } = await client.init(ALICE, { signal: AbortSignal.abort() });
    expect(data).toMatchObject(CANCELLED);
    await world.nobodyHasDialled();
  });

  test('is shared by inits that are asked for at once', async () => {
    const { client, end } = await world.establish();
    end.socket.close(1001);
    await client.closed;
    const asked = [client.init(ALICE), client.init(BOB)];
    const other = await world.server.connections.take();
    await other.frames.take();
    await other.frames.take();
    other.send(denial('alice'));
    other.send(denial('bob'));
    await Promise.all(asked);
    expect(world.server.connections.size).toBe(0);
  });
});
