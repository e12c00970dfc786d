import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ConfigurationError, requestSession, SessionInitMessage } from '../../src/client/index.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import { ScriptedServer } from '../support/scripted-web-socket-server.js';
import { success } from '../support/wire-answers.js';

const ALICE = new SessionInitMessage('alice', 'marked-user-secret-1');
let server: ScriptedServer;

beforeEach(async () => {
  server = await ScriptedServer.start();
});

afterEach(() => server.stop());

test('gives the session, and closes', async () => {
  const asked = requestSession(new URL(server.url), ALICE);
  const end = await server.connections.take();
  expect(await end.frames.take()).toEqual({ username: 'alice', user_secret: 'marked-user-secret-1' });
  end.send(success('alice'));
  expect((await asked).data).toMatchObject({ user: 'alice' });
  expect((await end.closed).code).toBe(1000);
});

test('times out at its deadline, and closes', async () => {
  const clock = simulatedClock();
  const asked = requestSession(server.url, ALICE, { clock, deadline: 2_000 });
  const end = await server.connections.take();
  await end.frames.take();
  await clock.advance(2_000);
  expect((await asked).data).toMatchObject({ user: 'alice', reason: 'REQUEST_TIMED_OUT' });
  expect((await end.closed).code).toBe(1000);
});

test('is cancelled by its signal, and closes', async () => {
  const controller = new AbortController();
  const asked = requestSession(server.url, ALICE, { signal: controller.signal });
  const end = await server.connections.take();
  await end.frames.take();
  controller.abort();
  expect((await asked).data).toMatchObject({ reason: 'OTHER', code: 'cancelled' });
  expect((await end.closed).code).toBe(1000);
});

test('rejects for what is a mistake of the program', async () => {
  await expect(requestSession('http://127.0.0.1/', ALICE)).rejects.toThrow(ConfigurationError);
});
