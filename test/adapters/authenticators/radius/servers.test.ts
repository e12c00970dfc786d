import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  BackendFaultError,
  ClosedError,
  DeadlineExceededError,
  OverloadedError,
} from '../../../../src/model/errors.js';
import { freeUdpPort } from '../../../support/freeradius.js';
import { ACCEPT, ask, RadiusWorld, REJECT, secret } from '../../../support/radius-world.js';
import { answerTo, attributesOf, ScriptedRadiusServer } from '../../../support/scripted-radius-server.js';

const world = RadiusWorld.forEachTest();
const { open } = world;

describe('several servers', () => {
  let second: ScriptedRadiusServer;

  beforeEach(async () => {
    second = await ScriptedRadiusServer.start();
    second.script = (request) => [answerTo(request, { ...ACCEPT, secret: 'marked-second-secret' })];
  });
  afterEach(() => second.close());

  const both = (port = world.server.port) => ({
    servers: [
      { host: '127.0.0.1', port, secret },
      { host: '127.0.0.1', port: second.port, secret: 'marked-second-secret' },
    ],
  });

  test('a silent one is given up for the next, which gets a packet of its own, and is put last for a while', async () => {
    const authenticator = open({ ...both(), retransmitAfter: 5_000 });
    const waiting = ask(authenticator);
    await world.server.received(1);
    world.clock.increment(2_000);
    expect(await waiting).toMatchObject({ outcome: 'authenticated' });
    expect(second.requests[0]?.bytes.subarray(4, 20)).not.toEqual(world.server.requests[0]?.bytes.subarray(4, 20));
    await ask(authenticator);
    expect(world.server.requests).toHaveLength(1);

    world.server.script = (request) => [answerTo(request, REJECT)];
    world.clock.increment(30_000);
    expect(await ask(authenticator)).toMatchObject({ outcome: 'denied' });
    expect(await ask(authenticator)).toMatchObject({ outcome: 'denied' });
    expect(second.requests).toHaveLength(2);
  });

  test('one where nothing listens is given up at once', async () => {
    const authenticator = open(both(await freeUdpPort()));
    expect(await ask(authenticator)).toMatchObject({ outcome: 'authenticated' });
  });

  test('a no is a no: the next is not asked', async () => {
    world.server.script = (request) => [answerTo(request, REJECT)];
    expect(await ask(open(both()))).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
    expect(second.requests).toHaveLength(0);
  });

  test('one that is silent about some user only stays the first', async () => {
    const authenticator = open({ ...both(), retransmitAfter: 5_000 });
    world.server.script = (request) =>
      attributesOf(request).get(1)?.toString() === 'lost' ? [] : [answerTo(request, REJECT)];
    const waiting = ask(authenticator, 'lost');
    await world.server.received(1);
    world.clock.increment(1_000);
    expect(await ask(authenticator)).toMatchObject({ outcome: 'denied' });
    world.clock.increment(1_000);
    expect(await waiting).toMatchObject({ outcome: 'authenticated' });
    expect(await ask(authenticator)).toMatchObject({ outcome: 'denied' });
  });

  test('none that answers is a fault that names each', async () => {
    second.script = () => [];
    const authenticator = open({ ...both(await freeUdpPort()), retransmitAfter: 5_000 });
    const waiting = ask(authenticator).catch((cause: unknown) => cause);
    await second.received(1);
    world.clock.increment(4_000);
    const error = await waiting;
    expect(error).toBeInstanceOf(DeadlineExceededError);
    expect(String(error)).toMatch(/:\d+ cannot be asked\. Nothing listens there\..* :?.*did not answer within 4000 ms/);
  });
});

test('a host that does not exist is a fault, and is looked up anew with the next call', async () => {
  const authenticator = open({ servers: [{ host: 'no-such-host.invalid', secret }] });
  for (const _ of [1, 2]) {
    const error = await ask(authenticator).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackendFaultError);
    expect(error).not.toBeInstanceOf(DeadlineExceededError);
  }
}, 60_000);

test('more than 256 are under way at once, each with its own answer; beyond maxInFlight the next is refused', async () => {
  const authenticator = open({ maxInFlight: 600 });
  const outcomes: ReturnType<typeof ask>[] = [];
  // The system's buffer has room for a few hundred, and drops the rest.
  while (outcomes.length < 600) {
    outcomes.push(...Array.from({ length: 100 }, (_, call) => ask(authenticator, `user-${outcomes.length + call}`)));
    await world.server.received(outcomes.length);
  }
  await expect(ask(authenticator)).rejects.toThrow(OverloadedError);
  for (const request of world.server.requests) {
    const name = attributesOf(request.bytes).get(1) as Buffer;
    await world.server.send(answerTo(request.bytes, { ...ACCEPT, attributes: [[1, name]] }), request);
  }
  const users = (await Promise.all(outcomes)).map((outcome) => (outcome as { user?: string }).user);
  expect(users).toEqual(Array.from({ length: 600 }, (_, call) => `user-${call}`));
  expect(new Set(world.server.requests.map(({ from }) => from.port)).size).toBe(3);
  world.server.script = (request) => [answerTo(request, ACCEPT)];
  expect(await ask(authenticator)).toMatchObject({ outcome: 'authenticated' });
});

test('a server that never answers holds few sockets, however many ask', async () => {
  const authenticator = open();
  const failures: Promise<unknown>[] = [];
  for (let call = 0; call < 300; call++) {
    failures.push(ask(authenticator, `user-${call}`).catch((cause: unknown) => cause));
    await world.server.received(failures.length);
    await world.clock.advance(40);
  }
  await world.clock.advance(4_000);
  for (const failure of await Promise.all(failures)) expect(failure).toBeInstanceOf(DeadlineExceededError);
  // 12 s, and fresh ones after 4 s of silence at the earliest.
  expect(new Set(world.server.requests.map(({ from }) => from.port)).size).toBeLessThanOrEqual(4);
});

test('close ends what is under way, and what comes after it', async () => {
  const authenticator = open({
    servers: [...Array(2)].map(() => ({ host: '127.0.0.1', port: world.server.port, secret })),
  });
  const waiting = ask(authenticator);
  await world.server.received(1);
  await authenticator.close();
  await expect(waiting).rejects.toThrow(ClosedError);
  await expect(ask(authenticator)).rejects.toThrow(ClosedError);
  await expect(authenticator.probe(new AbortController())).rejects.toThrow(ClosedError);
  expect(world.server.requests).toHaveLength(1);
  expect(world.clock.pending).toBe(0);
});

test('close while a socket is being opened ends the call, too', async () => {
  const authenticator = open();
  const waiting = ask(authenticator);
  await authenticator.close();
  await expect(waiting).rejects.toThrow(ClosedError);
});
