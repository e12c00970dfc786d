/** A value as a text frame of a client, for tests that write to a socket themselves. The mask changes nothing. */
export function maskedFrame(value: unknown): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const length = text.length < 126 ? [text.length] : [126, text.length >> 8, text.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, 0x80 | (length[0] as number), ...length.slice(1), 0, 0, 0, 0]), text]);
}
