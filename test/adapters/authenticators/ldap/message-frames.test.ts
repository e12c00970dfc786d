import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MessageFrames } from '../../../../src/adapters/authenticators/ldap/message-frames.js';

const bytes = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const BIND_OK = bytes('30 0c 02 01 02 61 07 0a 01 00 04 00 04 00');
const SEARCH_DONE = bytes('30 0c 02 01 03 65 07 0a 01 00 04 00 04 00');
const ENTRY = bytes('30 09 02 01 03 64 04 04 00 30 00');
/** The same as `BIND_OK`, as Active Directory writes lengths. */
const LONG_LENGTHS = bytes('30 84 00 00 00 10 02 01 02 61 84 00 00 00 07 0a 01 00 04 00 04 00');
const LONG_ENTRY = Buffer.concat([bytes('30 82 03 ef 02 01 03 64 82 03 e8'), Buffer.alloc(1_000, 0x04)]);

const GOOD = [BIND_OK, SEARCH_DONE, ENTRY, LONG_LENGTHS, LONG_ENTRY];
const BAD: Record<string, Buffer> = {
  HTTP: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
  'bytes that mean nothing': Buffer.alloc(64, 0xfe),
  'a bind that succeeds without a result code': bytes('30 05 02 01 02 61 00'),
  'a bind whose result code has no bytes': bytes('30 07 02 01 02 61 02 0a 00'),
  'a bind whose result code is cut off': bytes('30 06 02 01 02 61 01 0a'),
  'a bind whose result is no code': bytes('30 08 02 01 02 61 03 02 01 00'),
  'a search that is done without a result code': bytes('30 05 02 01 02 65 00'),
  'a request': bytes('30 0c 02 01 02 60 07 02 01 03 04 00 80 00'),
  'a message without an id': bytes('30 07 61 05 0a 01 00 04 00'),
  'an empty message': bytes('30 00'),
  'an endless length': bytes('30 80 02 01 02'),
  'a length of five bytes': bytes('30 85 00 00 00 00 01 02'),
  'a message of 4 GB': bytes('30 84 ff ff ff ff 02 01'),
};

describe('MessageFrames', () => {
  test('takes answers, in whatever pieces they come', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...GOOD), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (messages, sizes) => {
          const frames = new MessageFrames(1_000_000);
          let rest = Buffer.concat(messages);
          for (let piece = 0; rest.length > 0; piece++) {
            const size = sizes[piece % sizes.length] as number;
            expect(frames.push(rest.subarray(0, size))).toBeUndefined();
            rest = rest.subarray(size);
          }
        },
      ),
    );
  });

  test.each(Object.keys(BAD))('ASVS 16.5.3: %s is no answer, at once or byte by byte, alone or behind one', (what) => {
    const bad = BAD[what] as Buffer;
    for (const before of [Buffer.alloc(0), BIND_OK, LONG_ENTRY]) {
      const frames = new MessageFrames(1_000_000);
      expect(frames.push(Buffer.concat([before, bad]))).toMatch(/^It answered/);
      const slow = new MessageFrames(1_000_000);
      expect([...before, ...bad].map((byte) => slow.push(Buffer.from([byte]))).find(Boolean)).toMatch(/^It answered/);
    }
  });

  test('too many messages in one piece are noticed: ldapts calls itself for each', () => {
    const pieceOf = (messages: number) => Buffer.concat(Array.from({ length: messages }, () => ENTRY));
    const frames = new MessageFrames(1_000_000);
    for (let piece = 0; piece < 10; piece++) expect(frames.push(pieceOf(2_000))).toBeUndefined();
    expect(frames.push(pieceOf(2_001))).toBe('It answered with too many messages at once.');
  });

  test('an answer that never ends is noticed; the next one has a count of its own', () => {
    const frames = new MessageFrames(2_500);
    expect(frames.push(LONG_ENTRY)).toBeUndefined();
    expect(frames.push(LONG_ENTRY)).toBeUndefined();
    frames.begin();
    expect(frames.push(LONG_ENTRY)).toBeUndefined();
    expect(frames.push(LONG_ENTRY)).toBeUndefined();
    expect(frames.push(LONG_ENTRY)).toBe('It answered more than 2500 bytes.');
  });
});
