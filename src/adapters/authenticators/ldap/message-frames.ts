/** A message's first bytes, in which its kind and its result code are, however its lengths are written. */
const HEAD = 32;

const INTEGER = 0x02;
const ENUMERATED = 0x0a;
const SEQUENCE = 0x30;

/** The answers that begin with a result code: to a bind, a search and an extended operation. */
const WITH_RESULT = [0x61, 0x65, 0x78];
/** The others that a server may send: an entry, a reference and an intermediate answer. */
const WITHOUT_RESULT = [0x64, 0x73, 0x79];

const NOTHING: Buffer = Buffer.alloc(0);
const NO_LDAP = 'It answered something else than LDAP.';

/** So many messages may come in one piece, of 64 kB at most. An entry with a name has more bytes than this leaves it. */
const MAX_MESSAGES = 2_000;

/**
 * Watches the answers of a server go by, and judges whether they are LDAP at all. ldapts waits for ever behind bytes
 * that mean nothing, gathers an answer of any size, takes an answer without a result code for a success, and calls
 * itself for each message of a piece, until the stack and with it the process ends.
 */
export class MessageFrames {
  readonly #maxBytes: number;
  /** The begin of a message of which too little has come. */
  #begun = NOTHING;
  #skip = 0;
  #received = 0;

  /** @param maxBytes - how many an answer may have in all */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What comes from now on belongs to another answer. */
  begin(): void {
    this.#received = 0;
  }

  /** @returns what is wrong with the bytes, if anything is */
  push(chunk: Buffer): string | undefined {
    this.#received += chunk.length;
    if (this.#received > this.#maxBytes) return `It answered more than ${this.#maxBytes} bytes.`;
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    let at = 0;
    for (let messages = 0; messages <= MAX_MESSAGES; messages++) {
      const next = at + this.#skip;
      at = Math.min(next, bytes.length);
      this.#skip = next - at;
      const message = readElement(bytes, at, SEQUENCE);
      if (message === 'wrong') return NO_LDAP;
      if (message !== 'short' && message.end - at > this.#maxBytes) return NO_LDAP;
      if (message === 'short' || bytes.length < Math.min(message.end, at + HEAD)) {
        this.#begun = at === bytes.length ? NOTHING : bytes.subarray(at);
        return undefined;
      }
      if (!isAnswer(bytes, message.start)) return 'It answered with a message that no server may send.';
      this.#skip = message.end - at;
    }
    return 'It answered with too many messages at once.';
  }
}

function isAnswer(bytes: Buffer, start: number): boolean {
  const id = readElement(bytes, start, INTEGER);
  if (typeof id === 'string') return false;
  const kind = bytes[id.end] ?? 0;
  if (WITHOUT_RESULT.includes(kind)) return true;
  const answer = readElement(bytes, id.end, kind);
  if (!WITH_RESULT.includes(kind) || typeof answer === 'string') return false;
  return bytes[answer.start] === ENUMERATED && bytes[answer.start + 1] === 1;
}

/** Reads the tag and the length of an element. `short`: there are too few bytes yet. */
function readElement(bytes: Buffer, at: number, tag: number): { start: number; end: number } | 'short' | 'wrong' {
  const first = bytes[at];
  const second = bytes[at + 1];
  if (first !== undefined && first !== tag) return 'wrong';
  if (second === undefined) return 'short';
  if (second < 0x80) return { start: at + 2, end: at + 2 + second };
  const size = second & 0x7f;
  if (size === 0 || size > 4) return 'wrong';
  const start = at + 2 + size;
  return bytes.length < start ? 'short' : { start, end: start + bytes.readUIntBE(at + 2, size) };
}
