import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hidePassword } from '../../../../src/adapters/authenticators/radius/hide-password.js';
import { decodePacket, encodePacket, packetIn } from '../../../../src/adapters/authenticators/radius/packet.js';
import { readAnswer } from '../../../../src/adapters/authenticators/radius/read-answer.js';
import { signedRequest } from '../../../../src/adapters/authenticators/radius/signed-request.js';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
/** Of the examples in RFC 2865 and RFC 5997. */
const secret = Buffer.from('xyzzy5461');

const REQUEST = bytes(`01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12
  0d be 70 8d 93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03`);
const ACCEPT = bytes(`02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01
  0f 06 00 00 00 00 0e 06 c0 a8 01 03`);
const requestAuthenticator = REQUEST.subarray(4, 20);

test('RFC 2865 §7.1: the request of the example is what its parts encode to', () => {
  const encoded = encodePacket({
    code: 1,
    identifier: 0,
    authenticator: requestAuthenticator,
    attributes: [
      { type: 1, value: Buffer.from('nemo') },
      { type: 2, value: hidePassword(Buffer.from('arctangent'), secret, requestAuthenticator) },
      { type: 4, value: Buffer.from([192, 168, 1, 16]) },
      { type: 5, value: Buffer.from([0, 0, 0, 3]) },
    ],
  });
  expect(encoded.toString('hex')).toBe(REQUEST.toString('hex'));
});

test('RFC 2865 §7.1: the answer of the example is taken apart, and its signature fits, which is not enough', () => {
  expect(decodePacket(ACCEPT)?.attributes.map(({ type, value }) => [type, ...value])).toEqual([
    [6, 0, 0, 0, 1],
    [15, 0, 0, 0, 0],
    [14, 192, 168, 1, 3],
  ]);
  const request = { bytes: REQUEST, identifier: 0, authenticator: requestAuthenticator };
  expect(readAnswer(ACCEPT, request, secret)).toBe('unprotected');
  expect(readAnswer(ACCEPT, request, Buffer.from('xyzzy5462'))).toBe('forged');
});

test('RFC 5997 §6.1: the Status-Server of the example is what is sent, its Message-Authenticator first', () => {
  const authenticator = bytes('8a 54 f4 68 6f b3 94 c5 28 66 e3 02 18 5d 06 23');
  const request = signedRequest({ code: 12, attributes: () => [] }, 0xda, secret, authenticator);
  expect(request.bytes.toString('hex')).toBe(
    bytes(`0c da 00 26 8a 54 f4 68 6f b3 94 c5 28 66 e3 02 18 5d 06 23
      50 12 5a 66 5e 2e 1e 84 11 f3 e2 43 82 20 97 c8 4f a3`).toString('hex'),
  );
  const answer = bytes('02 da 00 14 ef 0d 55 2a 4b f2 d6 93 ec 2b 6f e8 b5 41 1d 66');
  expect(readAnswer(answer, request, secret)).toBe('unprotected');
});

test.each([
  [0, 16],
  [1, 16],
  [16, 16],
  [17, 32],
  [128, 128],
])('a password of %i bytes is hidden in %i', (length, hiddenLength) => {
  const password = Buffer.alloc(length, 'x');
  const hidden = hidePassword(password, secret, requestAuthenticator);
  expect(hidden).toHaveLength(hiddenLength);
  expect(hidden.includes('xxxx')).toBe(false);
});

test('no two requests have the same Request Authenticator', () => {
  const requests = Array.from({ length: 10_000 }, () => signedRequest({ code: 1, attributes: () => [] }, 0, secret));
  expect(new Set(requests.map(({ authenticator }) => Buffer.from(authenticator).toString('hex'))).size).toBe(10_000);
});

test('what is encoded is decoded again', () => {
  const attribute = fc.record({ type: fc.integer({ min: 1, max: 255 }), value: fc.uint8Array({ maxLength: 253 }) });
  const packet = fc.record({
    code: fc.integer({ min: 1, max: 255 }),
    identifier: fc.integer({ min: 0, max: 255 }),
    authenticator: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    attributes: fc.array(attribute, { maxLength: 15 }),
  });
  fc.assert(
    fc.property(packet, fc.uint8Array({ maxLength: 20 }), (original, padding) => {
      const datagram = Buffer.concat([encodePacket(original), padding]);
      const decoded = decodePacket(packetIn(datagram) as Buffer);
      expect(decoded).toEqual({
        ...original,
        authenticator: Buffer.from(original.authenticator),
        attributes: original.attributes.map(({ type, value }) => ({ type, value: Buffer.from(value) })),
      });
    }),
  );
});

test('any bytes at all are read as a flaw, and break nothing', () => {
  const request = signedRequest({ code: 1, attributes: () => [] }, 7, secret);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.boolean(), (noise, likeAnAnswer) => {
      const datagram = Buffer.from(noise);
      if (likeAnAnswer && datagram.length >= 20) {
        datagram.set([2, 7], 0);
        datagram.writeUInt16BE(datagram.length, 2);
      }
      expect(['garbled', 'forged']).toContain(readAnswer(datagram, request, secret));
    }),
  );
});
