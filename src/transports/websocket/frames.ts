/** The first byte of a frame that is a whole message, and of a ping (RFC 6455, section 5.2). */
const TEXT = 0x81;
const PING = 0x89;
/** Stand in the second byte for a length that follows in two bytes, or in eight. */
const LENGTH_IN_2 = 126;
const LENGTH_IN_8 = 127;

/**
 * An answer with a ping behind it, in one piece. `ws` writes each frame in two, and a piece costs the stream and the
 * platform more than its bytes do: four of them took as long as all the rest of an answer.
 *
 * @param mark - the payload of the ping: at most 125 characters of ASCII
 */
export function answerWithPing(answer: string, mark: string): Buffer {
  const length = Buffer.byteLength(answer);
  const headerLength = length < LENGTH_IN_2 ? 2 : length < 2 ** 16 ? 4 : 10;
  const pingAt = headerLength + length;
  const frames = Buffer.allocUnsafe(pingAt + 2 + mark.length);
  frames[0] = TEXT;
  if (headerLength === 2) {
    frames[1] = length;
  } else if (headerLength === 4) {
    frames[1] = LENGTH_IN_2;
    frames.writeUInt16BE(length, 2);
  } else {
    frames[1] = LENGTH_IN_8;
    frames.writeBigUInt64BE(BigInt(length), 2);
  }
  frames.write(answer, headerLength);
  frames[pingAt] = PING;
  frames[pingAt + 1] = mark.length;
  frames.write(mark, pingAt + 2, 'latin1');
  return frames;
}
