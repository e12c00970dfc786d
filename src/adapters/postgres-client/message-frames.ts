const HEADER = 5;
const ERROR = 0x45;
const NOTICE = 0x4e;
const NOTHING = Buffer.alloc(0);
/** More than a row of a user has. */
const LONGEST = 16 * 1024 * 1024;

/**
 * Cuts what a server sends into whole messages. `pg` looks for the end of an error for ever if there is none, and takes a
 * length for granted: so neither gets to it.
 */
export class MessageFrames {
  #rest: Buffer = NOTHING;

  /**
   * @returns the messages that are whole now, one after the other
   * @throws RangeError if it is none of PostgreSQL
   */
  push(chunk: Buffer): Buffer {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let end = 0;
    while (end + HEADER <= bytes.length) {
      const length = bytes.readUInt32BE(end + 1);
      if (length < 4 || length > LONGEST) throw new RangeError(`A message cannot have ${length} bytes.`);
      const next = end + 1 + length;
      if (next > bytes.length) break;
      const code = bytes[end];
      if (code === ERROR || code === NOTICE) requireEnd(bytes.subarray(end + HEADER, next));
      end = next;
    }
    if (end === bytes.length) {
      this.#rest = NOTHING;
      return bytes;
    }
    this.#rest = bytes.subarray(end);
    return bytes.subarray(0, end);
  }
}

/** An error is a list of fields, a letter and a text with a zero behind it each, and a zero behind the last. */
function requireEnd(fields: Buffer): void {
  let offset = 0;
  while (fields[offset] !== 0) {
    const end = fields.indexOf(0, offset + 1);
    if (end === -1) throw new RangeError('An error of the server has no end.');
    offset = end + 1;
  }
}
