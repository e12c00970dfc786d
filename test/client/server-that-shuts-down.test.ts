import { describe, expect, test } from '@jest/globals';
import { ALICE, BOB, CANCELLED, clientWorld, TIMED_OUT } from '../support/client-world.js';
import type { ServerEnd } from '../support/scripted-web-socket-server.js';
import { success } from '../support/wire-answers.js';

const world = clientWorld();

/** The next connection, with the first request on it. */
async function asked(): Promise<{ end: ServerEnd; request: unknown }> {
  const end = await world.server.connections.take();
  return { end, request: await end.frames.take() };
}

describe('what a server that shuts down has left unanswered', () => {
  test('is asked for again, on one new connection for all', async () => {
    const client = world.connect();
    const inits = [client.init(ALICE), client.init(BOB)];
    const first = await asked();
    await first.end.frames.take();
    first.end.send(success('alice', 1));
    first.end.socket.close(1001);
    expect((await inits[0])?.data).toMatchObject({ user: 'alice', session_id: 1 });
    const second = await asked();
    expect(second.request).toEqual(BOB);
    second.end.send(success('bob', 2));
    expect((await inits[1])?.data).toMatchObject({ user: 'bob', session_id: 2 });
    expect(client.send({ text: 'for bob' })).toBe(true);
    expect(await second.end.frames.take()).toEqual({ text: 'for bob' });
    expect(world.server.connections.size).toBe(0);
    expect(world.errors).toEqual([]);
  });

  test('is asked for four times at most', async () => {
    const init = world.connect().init(ALICE);
    for (let time = 1; time <= 4; time++) {
      const { end, request } = await asked();
      expect(request).toEqual(ALICE);
      end.socket.close(1001);
    }
    expect((await init).data).toMatchObject(TIMED_OUT);
    await world.nobodyHasDialled();
  });

  test('keeps its deadline, and is not asked for after it', async () => {
    const init = world.connect().init(ALICE, { deadline: 1_000 });
    const first = await asked();
    await world.clock.advance(600);
    first.end.socket.close(1001);
    const second = await asked();
    await world.clock.advance(400);
    expect((await init).data).toMatchObject(TIMED_OUT);
    second.end.socket.close(1001);
    await second.end.closed;
    await world.nobodyHasDialled();
  });

  test('is not asked for if its caller has gone', async () => {
    const controller = new AbortController();
    const init = world.connect().init(ALICE, { signal: controller.signal });
    const { end } = await asked();
    controller.abort();
    end.socket.close(1001);
    expect((await init).data).toMatchObject(CANCELLED);
    await end.closed;
    await world.nobodyHasDialled();
  });

  test('whose answer on the new connection comes too late is held by nobody, and the server learns of it', async () => {
    const init = world.connect().init(ALICE, { deadline: 1_000 });
    const first = await asked();
    first.end.socket.close(1001);
    const second = await asked();
    await world.clock.advance(1_000);
    expect((await init).data).toMatchObject(TIMED_OUT);
    expect((await second.end.closed).code).toBe(1000);
  });
});
