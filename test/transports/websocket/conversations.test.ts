import { afterEach, describe, expect, test } from '@jest/globals';
import { FullAuthSession } from '../../../src/model/session.js';
import type { Conversation } from '../../../src/transports/websocket.js';
import { deferred, request, TransportWorld, type TransportWorldOptions } from '../../support/transport-world.js';

let world: TransportWorld;
const start = async (options: TransportWorldOptions = {}) => {
  world = await TransportWorld.start(options);
  return world;
};
afterEach(() => world.stop());

const echo = (message: object, { send }: Conversation) => send({ echo: message });

describe("the service's own messages", () => {
  test('come with the session of the connection, which has no secret', async () => {
    let conversation: Conversation | undefined;
    await start({
      onMessage: (message, it) => {
        conversation = it;
        echo(message, it);
      },
    });
    const { client, sessionId } = await world.connectBound();
    expect(await client.ask({ do: 'something' })).toEqual({ echo: { do: 'something' } });
    expect(conversation?.session).toBeInstanceOf(FullAuthSession);
    expect(conversation?.session).toMatchObject({ session_id: sessionId, user: 'ada', ip_address: '127.0.0.1' });
    expect(conversation?.session.session_secret).toBeUndefined();
    expect(conversation?.ipAddress).toBe('127.0.0.1');
  });

  test('are handled one at a time, in order with the requests for a session', async () => {
    const first = deferred();
    const log: unknown[] = [];
    await start({
      onMessage: async (message, { send }) => {
        log.push(['begun', message['n']]);
        if (message['n'] === 1) await first.promise;
        log.push(['done', message['n']]);
        send({ n: message['n'] });
      },
    });
    const { client } = await world.connectBound();
    client.send({ n: 1 }, { n: 2 }, request('grace', 'wrong'), { n: 3 });
    const second = await world.connectBound('other');
    expect(await second.client.ask({ n: 9 })).toEqual({ n: 9 });
    expect(log).toEqual([
      ['begun', 1],
      ['begun', 9],
      ['done', 9],
    ]);
    first.resolve();
    expect(await client.take(4)).toMatchObject([{ n: 1 }, { n: 2 }, { success: false }, { n: 3 }]);
  });

  test('can be all that is said, but only once a session is there', async () => {
    await start({ onMessage: echo });
    const client = await world.connect();
    client.send({ early: 1 }, request('ada', 'wrong'), { early: 2 }, request(), { late: 1 });
    expect(await client.take(5)).toMatchObject([
      { data: { code: 'malformed_request' } },
      { data: { code: 'authentication_denied' } },
      { data: { code: 'malformed_request' } },
      { success: true },
      { echo: { late: 1 } },
    ]);
  });

  test('are no arrays, no text, and nothing with a user_secret', async () => {
    await start({ onMessage: echo });
    const { client } = await world.connectBound();
    client.send([1], '"text"', 'nonsense', { user_secret: 'x' }, { user_secret: null, username: 'ada' });
    for (const frame of await client.take(5)) expect(frame).toMatchObject({ data: { code: 'malformed_request' } });
  });

  test('are read from binary frames as well', async () => {
    await start({ onMessage: echo });
    const { client } = await world.connectBound();
    expect(await client.ask(Buffer.from('{"a":"ü"}'))).toEqual({ echo: { a: 'ü' } });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('marked-backend-text');
      },
    ],
    ['rejects', () => Promise.reject(new Error('marked-backend-text'))],
    [
      'throws no error',
      () => {
        throw 'marked-backend-text';
      },
    ],
    ['sends what is no JSON', (_: unknown, { send }: Conversation) => send(undefined)],
    ['closes with a code of the protocol', (_: unknown, { close }: Conversation) => close(1006)],
    ['closes with a long reason', (_: unknown, { close }: Conversation) => close(1000, 'ü'.repeat(62))],
  ])('a handler that %s is told of; its client gets a generic error, and stays connected', async (_, fail) => {
    let fails = true;
    await start({ onMessage: (message, it) => (fails ? fail(message, it) : echo(message, it)) });
    const { client, sessionId } = await world.connectBound();
    const error = await client.ask({ do: 1 });
    const failed = await world.event('handler.failed');
    expect(error).toEqual({
      event: 'error',
      code: 'handler_failed',
      details: 'The service failed to handle the message.',
      reference_id: failed.referenceId,
    });
    expect(failed).toMatchObject({ sessionId, ipAddress: '127.0.0.1' });
    fails = false;
    expect(await client.ask({ do: 2 })).toEqual({ echo: { do: 2 } });
  });

  test('a handler that takes too long is given up: the connection is closed with 1011', async () => {
    const never = deferred();
    let signal: AbortSignal | undefined;
    await start({
      handlerTimeout: 5_000,
      onMessage: (_, it) => {
        signal = it.signal;
        return never.promise;
      },
    });
    const { client } = await world.connectBound();
    client.send({ do: 1 });
    while (signal === undefined) await new Promise((resolve) => setImmediate(resolve));
    await world.clock.advance(4_999);
    expect(signal.aborted).toBe(false);
    await world.clock.advance(1);
    expect(signal.aborted).toBe(true);
    expect(await client.closed).toEqual({ code: 1011, reason: 'The service did not handle a message in time.' });
    never.resolve();
  });
});

describe('a conversation', () => {
  /** Starts a service that keeps its latest conversation. */
  async function converse() {
    let latest: Conversation | undefined;
    await start({
      onMessage: (message, it) => {
        latest = it;
        echo(message, it);
      },
    });
    const { client, sessionId } = await world.connectBound();
    await client.ask({ hello: 1 });
    return { client, sessionId, conversation: latest as Conversation, latest: () => latest as Conversation };
  }

  test('can be used at any time while it lasts', async () => {
    const { client, conversation } = await converse();
    expect(conversation.send({ pushed: 1 })).toBe(true);
    expect(await client.next()).toEqual({ pushed: 1 });
    conversation.close(4000, 'Good bye.');
    expect(await client.closed).toEqual({ code: 4000, reason: 'Good bye.' });
    expect(conversation.signal.aborted).toBe(true);
    expect(conversation.send({ pushed: 2 })).toBe(false);
    conversation.close();
  });

  test('is over when the client goes', async () => {
    const { client, conversation } = await converse();
    client.socket.terminate();
    await world.event('connection.closed');
    expect(conversation.signal.aborted).toBe(true);
    expect(conversation.send({})).toBe(false);
  });

  test('is over when the connection is bound to another session', async () => {
    const { client, conversation, latest } = await converse();
    await client.ask(request('grace'));
    expect(conversation.signal.aborted).toBe(true);
    expect(conversation.send({ late: 1 })).toBe(false);
    await client.ask({ hello: 2 });
    expect(latest().session.user).toBe('grace');
    expect(latest().signal.aborted).toBe(false);
  });

  test('is the same for all messages of a session', async () => {
    const { client, conversation, latest } = await converse();
    await client.ask(request('grace', 'wrong'));
    await client.ask({ hello: 2 });
    expect(latest()).toBe(conversation);
  });
});
