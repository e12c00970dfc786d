import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { DeadlineExceededError } from '../../../../src/model/errors.js';
import { Secret } from '../../../../src/model/secret.js';
import { ACCEPT, ask, RadiusWorld, REJECT, secret } from '../../../support/radius-world.js';
import {
  type AnswerOptions,
  answerTo,
  attributesOf,
  type ReceivedRequest,
} from '../../../support/scripted-radius-server.js';

const world = RadiusWorld.forEachTest();
const { open } = world;

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
    world.server.script = (request) => [...script(request), answerTo(request, REJECT)];
    expect(await ask(open())).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
  });

  test('from another address than the server, whatever it says', async () => {
    const other = createSocket('udp4');
    other.bind(0, '127.0.0.1');
    await once(other, 'listening');
    const waiting = ask(open());
    await world.server.received(1);
    const [request] = world.server.requests as [ReceivedRequest];
    await new Promise((resolve) => other.send(signed(request.bytes), request.from.port, '127.0.0.1', resolve));
    await world.server.send(answerTo(request.bytes, REJECT), request);
    expect(await waiting).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
    await new Promise<void>((resolve) => other.close(resolve));
  });

  test('late, when its identifier belongs to another request', async () => {
    const authenticator = open();
    world.server.script = (request) => [answerTo(request, REJECT)];
    for (let call = 0; call < 256; call++) await ask(authenticator, `user-${call}`);
    const [first] = world.server.requests as [ReceivedRequest];
    world.server.script = (request) => [signed(first.bytes), answerTo(request, REJECT)];
    expect(await ask(authenticator)).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
    const last = world.server.requests[256] as ReceivedRequest;
    expect(last.bytes[1]).toBe(first.bytes[1]);
    expect(last.from.port).toBe(first.from.port);
    expect(last.bytes.subarray(4, 20)).not.toEqual(first.bytes.subarray(4, 20));
  });
});

test('an answer that comes twice, with padding after its end, is taken once, and the next request has its own', async () => {
  const authenticator = open();
  world.server.script = (request, index) => {
    const answer = answerTo(request, index === 0 ? { ...ACCEPT, attributes: [[1, Buffer.from('ada')]] } : REJECT);
    return [Buffer.concat([answer, Buffer.alloc(100, 7)]), answer, answer];
  };
  expect(await ask(authenticator)).toEqual({ outcome: 'authenticated', user: 'ada' });
  expect(await ask(authenticator)).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
});

test('only what is text and not empty becomes a group or a name', async () => {
  const noText = Buffer.from([0xff, 0xfe]);
  world.server.script = (request) => [
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
  world.server.script = (request) => [answerTo(request, REJECT)];
  await ask(open({ nasIdentifier: 'portal', nasIpAddress: '192.0.2.7' }));
  const [{ bytes }] = world.server.requests as [ReceivedRequest];
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
    await world.server.received(tries);
    pauses.push(world.clock.untilNext as number);
    world.clock.increment(world.clock.untilNext as number);
  }
  for (const [index, pause] of [1_000, 2_000, 4_000, 8_000, 16_000, 16_000].entries()) {
    expect(pauses[index]).toBeGreaterThanOrEqual(pause * 0.9);
    expect(pauses[index]).toBeLessThanOrEqual(pause * 1.1);
  }
  await world.server.received(7);
  const [first] = world.server.requests as [ReceivedRequest];
  for (const { bytes, from } of world.server.requests) {
    expect(bytes).toEqual(first.bytes);
    expect(from.port).toBe(first.from.port);
  }
  world.clock.increment(60_000);
  await expect(waiting).rejects.toThrow(DeadlineExceededError);
  expect(world.clock.pending).toBe(0);
});

test('a lost packet costs a pause, and no more', async () => {
  world.server.script = (request, index) => (index === 0 ? [] : [answerTo(request, ACCEPT)]);
  const waiting = ask(open());
  await world.server.received(1);
  world.clock.increment(1_100);
  expect(await waiting).toMatchObject({ outcome: 'authenticated' });
  expect(world.clock.pending).toBe(0);
});

test('what was dropped is told to the operator, if nothing better came', async () => {
  world.server.script = (request) => [
    signed(request, { secret: 'marked-guessed-secret' }),
    signed(request, { secret: 'marked-guessed-secret' }),
    signed(request, { messageAuthenticators: 0 }),
    request,
  ];
  const authenticator = open({ retransmitAfter: 10_000 });
  const waiting = ask(authenticator);
  await world.server.received(1);
  // Datagrams keep their order: when the second call has its answer, those before it have come.
  world.server.script = (request) => [answerTo(request, REJECT)];
  await ask(authenticator);
  world.clock.increment(4_000);
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
  await world.server.received(1);
  caller.abort(new Error('The caller has gone.'));
  await expect(waiting).rejects.toThrow('The caller has gone.');
  expect(world.clock.pending).toBe(0);
  const [request] = world.server.requests as [ReceivedRequest];
  await world.server.send(signed(request.bytes), request);
  await expect(ask(authenticator, 'ada', caller.signal)).rejects.toThrow('The caller has gone.');
  expect(world.server.requests).toHaveLength(1);
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
  expect(world.server.requests).toHaveLength(0);
});
