import { describe, expect, test } from '@jest/globals';
import { ALICE, BOB, clientWorld, next } from '../support/client-world.js';
import { denial, SESSION_SECRET, success } from '../support/wire-answers.js';

const world = clientWorld();

describe('frames that answer nothing', () => {
  test('own messages reach their listeners, those that look like an answer included', async () => {
    const { client, end } = await world.establish();
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
    const { client, end } = await world.establish();
    const message = next(client.onMessage);
    const asked = client.init(BOB);
    await end.frames.take();
    end.send({ progress: 0.5 });
    end.send(denial('bob'));
    expect(await message).toEqual({ progress: 0.5 });
    expect((await asked).data).toMatchObject({ user: 'bob', reason: 'AUTHENTICATION_DENIED' });
  });

  test('P5: an answer that comes twice is dropped, and its secret reaches no listener', async () => {
    const { client, end } = await world.establish();
    const seen: unknown[] = [];
    client.onMessage((value) => seen.push(value));
    end.send(success('alice'));
    end.send('"after"');
    await next(client.onMessage);
    expect(seen).toEqual(['after']);
    expect(world.errors.map(([error]) => error.message)).toEqual([expect.stringContaining('for which nobody asked')]);
    expect(JSON.stringify(world.errors) + String(world.errors)).not.toContain(SESSION_SECRET);
    expect(client.send({ text: 'still as alice' })).toBe(true);
  });

  test('what is not JSON is dropped, and reported', async () => {
    const { client, end } = await world.establish();
    end.send('nonsense');
    end.send('"after"');
    expect(await next(client.onMessage)).toBe('after');
    expect(world.errors.map(([error]) => error.message)).toEqual([expect.stringContaining('is not JSON')]);
  });

  test('listeners that throw or reject harm neither each other nor the client', async () => {
    const { client, end } = await world.establish();
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
    await world.clock.advance(0);
    expect(world.errors.map(([error]) => [error.code, String(error.cause)])).toEqual([
      ['defect', 'Error: thrown'],
      ['defect', 'Error: rejected'],
      ['defect', 'a string'],
    ]);
  });

  test('a listener that is subscribed twice is told twice, and ends one subscription at a time', async () => {
    const { client, end } = await world.establish();
    let told = 0;
    const listener = () => {
      told += 1;
    };
    const unsubscribe = client.onMessage(listener);
    client.onMessage(listener);
    end.send('1');
    await next(client.onMessage);
    expect(told).toBe(2);
    unsubscribe();
    unsubscribe();
    end.send('2');
    await next(client.onMessage);
    expect(told).toBe(3);
  });

  test('what comes after the client has closed reaches nobody', async () => {
    const { client, end } = await world.establish();
    const seen: unknown[] = [];
    client.onMessage((value) => seen.push(value));
    client.onSessionEnded((event) => seen.push(event));
    end.stream.pause();
    client.close();
    end.send({ too: 'late' });
    end.send({ event: 'session_ended', session_id: 1, cause: 'removed' });
    end.stream.resume();
    await client.closed;
    expect(seen).toEqual([]);
    expect(world.errors).toEqual([]);
  });

  test('a listener that subscribes another, or ends itself, disturbs nobody', async () => {
    const { client, end } = await world.establish();
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
    const { client, end } = await world.establish();
    const ended = next(client.onSessionEnded);
    end.send({ event: 'session_ended', session_id: 1, cause: 'expired' });
    expect(await ended).toEqual({ sessionId: 1, cause: 'expired' });
    expect(client.send({ text: 'too late' })).toBe(false);
    // The close has not come yet, and still nothing is asked on a connection that is about to end.
    const asked = client.init(ALICE);
    const { closed } = client;
    const other = await world.server.connections.take();
    expect(await other.frames.take()).toEqual(ALICE);
    end.socket.close(4001, 'session ended');
    other.send(success('alice', 2));
    expect((await asked).data).toMatchObject({ session_id: 2 });
    expect(await Promise.race([closed, 'still open'])).toBe('still open');
    expect(world.errors).toEqual([]);
  });

  test('comes with close code 4001', async () => {
    const { client, end } = await world.establish();
    end.send({ event: 'session_ended', session_id: 1, cause: 'removed' });
    end.socket.close(4001, 'session ended');
    expect(await client.closed).toEqual({ code: 4001, reason: 'session ended' });
    expect(world.errors).toEqual([]);
  });

  test('of another session leaves this one in use', async () => {
    const { client, end } = await world.establish();
    const ended = next(client.onSessionEnded);
    end.send({ event: 'session_ended', session_id: 99 });
    expect(await ended).toEqual({ sessionId: 99, cause: '' });
    expect(client.send({ text: 'as alice' })).toBe(true);
  });

  test('is not taken for an answer', async () => {
    const { client, end } = await world.establish();
    const ended = next(client.onSessionEnded);
    const asked = client.init(BOB);
    await end.frames.take();
    end.send({ event: 'session_ended', session_id: 1, cause: 'evicted', success: true, data: null });
    await ended;
    end.send(denial('bob'));
    expect((await asked).data).toMatchObject({ user: 'bob', reason: 'AUTHENTICATION_DENIED' });
  });

  test('without a session id is a message like any other', async () => {
    const { client, end } = await world.establish();
    end.send({ event: 'session_ended', session_id: '1' });
    expect(await next(client.onMessage)).toEqual({ event: 'session_ended', session_id: '1' });
  });
});
