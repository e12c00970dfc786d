import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MessageFrames } from '../../../src/adapters/postgres-client/message-frames.js';

function message(code: string, body: readonly number[]): Buffer {
  const header = Buffer.alloc(5);
  header.write(code);
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, Buffer.from(body)]);
}

const sound = fc.oneof(
  fc.array(fc.nat(255), { maxLength: 40 }).map((body) => message('D', body)),
  fc
    .array(fc.tuple(fc.integer({ min: 1, max: 255 }), fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 9 })))
    .map((fields) => message('E', [...fields.flatMap(([type, text]) => [type, ...text, 0]), 0])),
);

describe('what a server sends', () => {
  test('comes whole, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(sound, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 30 })), (messages, cuts) => {
        const bytes = Buffer.concat(messages);
        const frames = new MessageFrames();
        const ends = new Set(messages.map((_, index) => Buffer.concat(messages.slice(0, index + 1)).length));
        let sent = 0;
        let got = 0;
        for (const cut of [...cuts, bytes.length]) {
          const part = frames.push(bytes.subarray(sent, sent + cut));
          expect(part).toEqual(bytes.subarray(got, got + part.length));
          sent = Math.min(sent + cut, bytes.length);
          got += part.length;
          expect(got === 0 || ends.has(got)).toBe(true);
        }
        expect(got).toBe(bytes.length);
      }),
    );
  });

  test('is not copied if it came whole', () => {
    const frames = new MessageFrames();
    const [first, second] = [message('D', [1, 2]), Buffer.concat([message('D', []), message('Z', [73])])];
    expect(frames.push(first)).toBe(first);
    expect(frames.push(second)).toBe(second);
  });

  test.each([
    ['a length that does not hold itself', Buffer.from([0x44, 0, 0, 0, 3])],
    ['a length beyond all rows', Buffer.from([0x44, 0x7f, 0, 0, 0])],
    ['an error without its end', message('E', [0x4d, 0x41, 0])],
    ['an error whose text goes on', message('E', [0x4d, 0x41])],
    ['a notice of nothing', message('N', [])],
  ])('is refused with %s', (_, bytes) => {
    expect(() => new MessageFrames().push(bytes)).toThrow(RangeError);
  });
});
