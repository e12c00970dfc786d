import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type RadiusAuthenticatorOptions,
  radiusAuthenticator,
} from '../../../../src/adapters/authenticators/radius.js';
import {
  BackendFaultError,
  ClosedError,
  DeadlineExceededError,
  OverloadedError,
} from '../../../../src/model/errors.js';
import { Secret } from '../../../../src/model/secret.js';
import { simulatedClock } from '../../../../src/testing/index.js';
import { freeUdpPort } from '../../../support/freeradius.js';
import {
  type AnswerOptions,
  answerTo,
  attributesOf,
  type ReceivedRequest,
  ScriptedRadiusServer,
} from '../../../support/scripted-radius-server.js';

const secret = 'marked-shared-secret';
const ACCEPT = { code: 2, secret };
const REJECT = { code: 3, secret };

let server: ScriptedRadiusServer;
let clock: ReturnType<typeof simulatedClock>;
const opened: ReturnType<typeof radiusAuthenticator>[] = [];

beforeEach(async () => {
  server = await ScriptedRadiusServer.start();
  clock = simulatedClock();
});

afterEach(async () => {
  for (const authenticator of opened.splice(0)) await authenticator.close();
  await server.close();
});

function open(options: Partial<RadiusAuthenticatorOptions> = {}) {
  const servers = [{ host: '127.0.0.1', port: server.port, secret }];
  const authenticator = radiusAuthenticator({ servers, clock, ...options });
  opened.push(authenticator);
  return authenticator;
}

function ask(authenticator: ReturnType<typeof open>, username = 'ada', signal = new AbortController().signal) {
  const credentials = { username, secret: new Secret('marked-user-secret-1'), ipAddress: '2001:db8::1' };
  return authenticator.authenticate(credentials, { signal });
}

const changed = (packet: Buffer, change: (packet: Buffer) => void) => {
  const copy = Buffer.from(packet);
  change(copy);
  return copy;
};

const signed = (request: Buffer, options: Partial<AnswerOptions> = {}) => answerTo(request, { ...ACCEPT, ...options });
const otherIdentifier = (request: Buffer) => ((request[1] as number) + 1) % 256;
const three: AnswerOptions['attributes'] = [[25, Buffer.from('abc')]];

describe('an accept that is not surely the answer of the server is dropped', () => {
  test.each<[string, (request: Buffer) => readonly Uint8Array[]]>([
    ['signed with another secret', (request) => [signed(request, { secret: 'marked-guessed-secret' })]],
    ['without a Message-Authenticator (CVE-2024-3596)', (request) => [signed(request, { messageAuthenticators: 0 })]],
    ['with two', (request) => [signed(request, { messageAuthenticators: 2 })]],
    [
      'with one of another secret',
      (request) => [signed(request, { messageAuthenticatorSecret: 'marked-guessed-secret' })],
    ],
    [
      'with a short one',
      (request) => [signed(request, { messageAuthenticators: 0, attributes: [[80, Buffer.alloc(15)]] })],
    ],
    ['that was a reject', (request) => [changed(answerTo(request, REJECT), (packet) => packet.writeUInt8(2, 0))]],
    ['that is the request, sent back', (request) => [request, changed(request, (packet) => packet.writeUInt8(2, 0))]],
    ['for another identifier', (request) => [signed(request, { identifier: otherIdentifier(request) })]],
    [
      'for another identifier, moved to this one',
      (request) => [
        changed(signed(request, { identifier: otherIdentifier(request) }), (packet) => {
          packet.writeUInt8(request[1] as number, 1);
        }),
      ],
    ],
    ['for another request', (request) => [signed(changed(request, (packet) => packet.fill(7, 4, 20)))]],
    ['of a code that answers nothing', (request) => [0, 1, 5, 12, 255].map((code) => signed(request, { code }))],
    ['cut anywhere', (request) => Array.from({ length: 38 }, (_, length) => signed(request).subarray(0, length))],
    [
      'of another length than it says',
      (request) =>
        [0, 19, 39, 4_097, 65_535].map((length) =>
          changed(signed(request), (packet) => packet.writeUInt16BE(length, 2)),
        ),
    ],
    [
      'with attributes that do not end where it does, though signed',
      (request) =>
        [0, 1, 4, 6, 255].map((length) =>
          signed(request, { attributes: three, distort: (packet) => packet.writeUInt8(length, packet.length - 4) }),
        ),
    ],
    ['that is empty', () => [Buffer.alloc(0)]],
    [
      'that is noise',
      (request) => [changed(Buffer.alloc(4_096, 0xfe), (packet) => packet.set(request.subarray(0, 2)))],
    ],
  ])('%s', async (_, script) => {
    server.script = (request) => [...script(request), answerTo(request, REJECT)];
    expect(await ask(open())).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
  });

  test('from another address than the server, whatever it says', async () => {
    const other = createSocket('udp4');
    other.bind(0, '127.0.0.1');
    await once(other, 'listening');
    const waiting = ask(open());
    await server.received(1);
    const [request] = server.requests as [ReceivedRequest];
    await new Promise((resolve) => other.send(signed(request.bytes), request.from.port, '127.0.0.1', resolve));
    await server.send(answerTo(request.bytes, REJECT), request);
    expect(await waiting).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
    await new Promise<void>((resolve) => other.close(resolve));
  });

  test('late, when its identifier belongs to another request', async () => {
    const authenticator = open();
    server.script = (request) => [answerTo(request, REJECT)];
    for (let call = 0; call < 256; call++) await ask(authenticator, `user-${call}`);
    const [first] = server.requests as [ReceivedRequest];
    server.script = (request) => [signed(first.bytes), answerTo(request, REJECT)];
    expect(await ask(authenticator)).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
    const last = server.requests[256] as ReceivedRequest;
    expect(last.bytes[1]).toBe(first.bytes[1]);
    expect(last.from.port).toBe(first.from.port);
    expect(last.bytes.subarray(4, 20)).not.toEqual(first.bytes.subarray(4, 20));
  });
});

test('an answer that comes twice, with padding after its end, is taken once, and the next request has its own', async () => {
  const authenticator = open();
  server.script = (request, index) => {
    const answer = answerTo(request, index === 0 ? { ...ACCEPT, attributes: [[1, Buffer.from('ada')]] } : REJECT);
    return [Buffer.concat([answer, Buffer.alloc(100, 7)]), answer, answer];
  };
  expect(await ask(authenticator)).toEqual({ outcome: 'authenticated', user: 'ada' });
  expect(await ask(authenticator)).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
});

test('only what is text and not empty becomes a group or a name', async () => {
  const noText = Buffer.from([0xff, 0xfe]);
  server.script = (request) => [
    signed(request, {
      attributes: [
        [1, noText],
        [11, Buffer.from('other')],
        [25, Buffer.from('staff')],
        [25, noText],
        [25, Buffer.alloc(0)],
        [25, Buffer.from('\uFEFFengines ü')],
      ],
    }),
  ];
  expect(await ask(open({ groups: 'Class' }))).toEqual({
    outcome: 'authenticated',
    user: 'ada',
    groups: ['staff', '\uFEFFengines ü'],
  });
  expect(await ask(open({ groups: 'Filter-Id' }))).toMatchObject({ groups: ['other'] });
  expect(await ask(open())).toEqual({ outcome: 'authenticated', user: 'ada' });
});

test('a request says who asks for whom, from where, and begins with a Message-Authenticator; the secret is hidden', async () => {
  server.script = (request) => [answerTo(request, REJECT)];
  await ask(open({ nasIdentifier: 'portal', nasIpAddress: '192.0.2.7' }));
  const [{ bytes }] = server.requests as [ReceivedRequest];
  const attributes = attributesOf(bytes);
  expect([...attributes.keys()]).toEqual([80, 1, 2, 32, 4, 31]);
  expect(attributes.get(1)).toEqual(Buffer.from('ada'));
  expect(attributes.get(2)).toHaveLength(32);
  expect(attributes.get(32)).toEqual(Buffer.from('portal'));
  expect(attributes.get(4)).toEqual(Buffer.from([192, 0, 2, 7]));
  expect(attributes.get(31)).toEqual(Buffer.from('2001:db8::1'));
  expect(bytes.includes('marked')).toBe(false);
  const unsigned = changed(bytes, (packet) => packet.fill(0, 22, 38));
  expect(attributes.get(80)).toEqual(createHmac('md5', secret).update(unsigned).digest());
});

test('the same packet is sent again and again, after pauses that double and vary, until the time is up', async () => {
  const authenticator = open({ timeout: 60_000 });
  const waiting = ask(authenticator);
  const pauses: number[] = [];
  for (let tries = 1; tries <= 6; tries++) {
    await server.received(tries);
    pauses.push(clock.untilNext as number);
    clock.increment(clock.untilNext as number);
  }
  for (const [index, pause] of [1_000, 2_000, 4_000, 8_000, 16_000, 16_000].entries()) {
    expect(pauses[index]).toBeGreaterThanOrEqual(pause * 0.9);
    expect(pauses[index]).toBeLessThanOrEqual(pause * 1.1);
  }
  await server.received(7);
  const [first] = server.requests as [ReceivedRequest];
  for (const { bytes, from } of server.requests) {
    expect(bytes).toEqual(first.bytes);
    expect(from.port).toBe(first.from.port);
  }
  clock.increment(60_000);
  await expect(waiting).rejects.toThrow(DeadlineExceededError);
  expect(clock.pending).toBe(0);
});

test('a lost packet costs a pause, and no more', async () => {
  server.script = (request, index) => (index === 0 ? [] : [answerTo(request, ACCEPT)]);
  const waiting = ask(open());
  await server.received(1);
  clock.increment(1_100);
  expect(await waiting).toMatchObject({ outcome: 'authenticated' });
  expect(clock.pending).toBe(0);
});

test('what was dropped is told to the operator, if nothing better came', async () => {
  server.script = (request) => [
    signed(request, { secret: 'marked-guessed-secret' }),
    signed(request, { secret: 'marked-guessed-secret' }),
    signed(request, { messageAuthenticators: 0 }),
    request,
  ];
  const authenticator = open({ retransmitAfter: 10_000 });
  const waiting = ask(authenticator);
  await server.received(1);
  // Datagrams keep their order: when the second call has its answer, those before it have come.
  server.script = (request) => [answerTo(request, REJECT)];
  await ask(authenticator);
  clock.increment(4_000);
  const error = await waiting.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(DeadlineExceededError);
  expect(String(error)).toMatch(/radius has no server that answers\. 127\.0\.0\.1:\d+ did not answer within 4000 ms\./);
  expect(String(error)).toMatch(/2 were not signed with its secret\. Check secret/);
  expect(String(error)).toMatch(/1 had no Message-Authenticator/);
  expect(String(error)).toMatch(/1 were no answers of a RADIUS server/);
});

test('a call that is given up ends at once, and asks no more; what comes then is dropped', async () => {
  const authenticator = open();
  const caller = new AbortController();
  const waiting = ask(authenticator, 'ada', caller.signal);
  await server.received(1);
  caller.abort(new Error('The caller has gone.'));
  await expect(waiting).rejects.toThrow('The caller has gone.');
  expect(clock.pending).toBe(0);
  const [request] = server.requests as [ReceivedRequest];
  await server.send(signed(request.bytes), request);
  await expect(ask(authenticator, 'ada', caller.signal)).rejects.toThrow('The caller has gone.');
  expect(server.requests).toHaveLength(1);
});

describe('several servers', () => {
  let second: ScriptedRadiusServer;

  beforeEach(async () => {
    second = await ScriptedRadiusServer.start();
    second.script = (request) => [answerTo(request, { ...ACCEPT, secret: 'marked-second-secret' })];
  });
  afterEach(() => second.close());

  const both = (port = server.port) => ({
    servers: [
      { host: '127.0.0.1', port, secret },
      { host: '127.0.0.1', port: second.port, secret: 'marked-second-secret' },
    ],
  });

  test('a silent one is given up for the next, which gets a packet of its own, and is put last for a while', async () => {
    const authenticator = open({ ...both(), retransmitAfter: 5_000 });
    const waiting = ask(authenticator);
    await server.received(1);
    clock.increment(2_000);
    expect(await waiting).toMatchObject({ outcome: 'authenticated' });
    expect(second.requests[0]?.bytes.subarray(4, 20)).not.toEqual(server.requests[0]?.bytes.subarray(4, 20));
    await ask(authenticator);
    expect(server.requests).toHaveLength(1);

    server.script = (request) => [answerTo(request, REJECT)];
    clock.increment(30_000);
    expect(await ask(authenticator)).toMatchObject({ outcome: 'denied' });
    expect(await ask(authenticator)).toMatchObject({ outcome: 'denied' });
    expect(second.requests).toHaveLength(2);
  });

  test('one where nothing listens is given up at once', async () => {
    const authenticator = open(both(await freeUdpPort()));
    expect(await ask(authenticator)).toMatchObject({ outcome: 'authenticated' });
  });

  test('a no is a no: the next is not asked', async () => {
    server.script = (request) => [answerTo(request, REJECT)];
    expect(await ask(open(both()))).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
    expect(second.requests).toHaveLength(0);
  });

  test('one that is silent about some user only stays the first', async () => {
    const authenticator = open({ ...both(), retransmitAfter: 5_000 });
    server.script = (request) =>
      attributesOf(request).get(1)?.toString() === 'lost' ? [] : [answerTo(request, REJECT)];
    const waiting = ask(authenticator, 'lost');
    await server.received(1);
    clock.increment(1_000);
    expect(await ask(authenticator)).toMatchObject({ outcome: 'denied' });
    clock.increment(1_000);
    expect(await waiting).toMatchObject({ outcome: 'authenticated' });
    expect(await ask(authenticator)).toMatchObject({ outcome: 'denied' });
  });

  test('none that answers is a fault that names each', async () => {
    second.script = () => [];
    const authenticator = open({ ...both(await freeUdpPort()), retransmitAfter: 5_000 });
    const waiting = ask(authenticator).catch((cause: unknown) => cause);
    await second.received(1);
    clock.increment(4_000);
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
    await server.received(outcomes.length);
  }
  await expect(ask(authenticator)).rejects.toThrow(OverloadedError);
  for (const request of server.requests) {
    const name = attributesOf(request.bytes).get(1) as Buffer;
    await server.send(answerTo(request.bytes, { ...ACCEPT, attributes: [[1, name]] }), request);
  }
  const users = (await Promise.all(outcomes)).map((outcome) => (outcome as { user?: string }).user);
  expect(users).toEqual(Array.from({ length: 600 }, (_, call) => `user-${call}`));
  expect(new Set(server.requests.map(({ from }) => from.port)).size).toBe(3);
  server.script = (request) => [answerTo(request, ACCEPT)];
  expect(await ask(authenticator)).toMatchObject({ outcome: 'authenticated' });
});

test('a server that never answers holds few sockets, however many ask', async () => {
  const authenticator = open();
  const failures: Promise<unknown>[] = [];
  for (let call = 0; call < 300; call++) {
    failures.push(ask(authenticator, `user-${call}`).catch((cause: unknown) => cause));
    await server.received(failures.length);
    await clock.advance(40);
  }
  await clock.advance(4_000);
  for (const failure of await Promise.all(failures)) expect(failure).toBeInstanceOf(DeadlineExceededError);
  // 12 s, and fresh ones after 4 s of silence at the earliest.
  expect(new Set(server.requests.map(({ from }) => from.port)).size).toBeLessThanOrEqual(4);
});

test('close ends what is under way, and what comes after it', async () => {
  const authenticator = open({ servers: [...Array(2)].map(() => ({ host: '127.0.0.1', port: server.port, secret })) });
  const waiting = ask(authenticator);
  await server.received(1);
  await authenticator.close();
  await expect(waiting).rejects.toThrow(ClosedError);
  await expect(ask(authenticator)).rejects.toThrow(ClosedError);
  await expect(authenticator.probe(new AbortController())).rejects.toThrow(ClosedError);
  expect(server.requests).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test('close while a socket is being opened ends the call, too', async () => {
  const authenticator = open();
  const waiting = ask(authenticator);
  await authenticator.close();
  await expect(waiting).rejects.toThrow(ClosedError);
});

test.each([
  ['unknownUser', '', 'x'],
  ['unknownUser', 'x'.repeat(254), 'x'],
  ['unknownUser', 'ü'.repeat(127), 'x'],
  ['unknownUser', 'ada\0', 'x'],
  ['unknownUser', 'ada\uD800', 'x'],
  ['wrongSecret', 'ada', ''],
  ['wrongSecret', 'ada', 'x'.repeat(129)],
  ['wrongSecret', 'ada', '😀'.repeat(33)],
  ['wrongSecret', 'ada', 'x\0'],
  ['wrongSecret', 'ada', '\uDC00'],
])('what a server would see as another is denied before it is sent: %s', async (cause, username, given) => {
  const { signal } = new AbortController();
  const outcome = await open().authenticate({ username, secret: new Secret(given) }, { signal });
  expect(outcome).toEqual({ outcome: 'denied', cause });
  expect(server.requests).toHaveLength(0);
});
