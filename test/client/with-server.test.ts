import { afterEach, describe, expect, test } from '@jest/globals';
import { connect, type FullAuthSession, type SessionClient } from '../../src/client/index.js';
import { request, TransportWorld, type TransportWorldOptions } from '../support/transport-world.js';

let world: TransportWorld;
let client: SessionClient;

async function start(options?: TransportWorldOptions): Promise<void> {
  world = await TransportWorld.start(options);
  client = connect(world.url, { clock: world.clock });
}

afterEach(async () => {
  client.close();
  await world.stop();
});

const told = <Value>(subscribe: (listener: (value: Value) => void) => () => void) =>
  new Promise<Value>((resolve) => subscribe(resolve));

describe('a client and a server of this package', () => {
  test('a session, own messages in it, and its end', async () => {
    await start({ onMessage: (message, { session, send }) => send({ hello: session.user, echo: message }) });
    const { data } = await client.init(request('ada'));
    const { session_id, session_secret } = data as FullAuthSession;
    expect(await world.orchestrator.findBySecret(session_secret ?? '')).toMatchObject({ session_id, user: 'ada' });
    const answer = told(client.onMessage);
    client.send({ text: 'hi' });
    expect(await answer).toEqual({ hello: 'ada', echo: { text: 'hi' } });
    const ended = told(client.onSessionEnded);
    await world.orchestrator.remove(session_id);
    expect(await ended).toEqual({ sessionId: session_id, cause: 'removed' });
    expect((await client.closed).code).toBe(4001);
    expect((await client.init(request('ada'))).success).toBe(true);
  });

  test('many inits at once, each with its own answer', async () => {
    await start();
    const users = Array.from({ length: 15 }, (_, index) => `user-${index}`);
    const responses = await Promise.all(
      users.map((user, index) => client.init(request(user, index % 3 === 0 ? 'marked-wrong-secret' : undefined))),
    );
    expect(responses.map(({ data }) => (data as { user: string }).user)).toEqual(users);
    expect(responses.map(({ success }) => success)).toEqual(users.map((_, index) => index % 3 !== 0));
  });

  test.each([
    ['aborted', (controller: AbortController) => controller.abort()],
    ['timed out', () => world.clock.advance(1_000)],
  ])('P2: no session is left of an init that was %s', async (_, giveUp) => {
    await start();
    const { reached, release } = world.hold('ada');
    const controller = new AbortController();
    const asked = client.init(request('ada'), { signal: controller.signal, deadline: 1_000 });
    await reached;
    await giveUp(controller);
    expect((await asked).success).toBe(false);
    // The server learns of it by the close of the connection, and cancels the init.
    await world.until(() => world.records.length === 1);
    release();
    expect(world.records).toMatchObject([{ state: 'refused', code: 'cancelled' }]);
    expect(await world.liveSessions()).toEqual([]);
  });
});
