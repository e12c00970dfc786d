/** A message's first bytes, in which its kind and its result code are, however its lengths are written. */
const HEAD = 32;

/** The answers that begin with a result code: to a bind, a search and an extended operation. */
const WITH_RESULT = [0x61, 0x65, 0x78];
/** The others that a server may send: an entry, a reference and an intermediate answer. */
const WITHOUT_RESULT = [0x64, 0x73, 0x79];

/**
 * Watches the answers of a server go by, and judges whether they are LDAP at all. ldapts waits for ever behind bytes
 * that mean nothing, gathers an answer of any size, and takes an answer without a result code for a success.
 */
export class MessageFrames {
  readonly #maxBytes: number;
  #head: number[] = [];
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
    for (let at = 0; at < chunk.length; ) {
      if (this.#skip === 0) {
        this.#head.push(chunk[at++] as number);
        const problem = this.#judgeHead();
        if (problem !== undefined) return problem;
      } else {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
      }
    }
    return undefined;
  }

  #judgeHead(): string | undefined {
    const message = readElement(this.#head, 0, 0x30);
    if (message === 'short') return undefined;
    if (message === 'wrong' || message.length > this.#maxBytes) return 'It answered something else than LDAP.';
    const end = message.start + message.length;
    if (this.#head.length < Math.min(end, HEAD)) return undefined;
    if (!isAnswer(this.#head, message.start)) return 'It answered with a message that no server may send.';
    this.#skip = end - this.#head.length;
    this.#head = [];
    return undefined;
  }
}

function isAnswer(head: readonly number[], start: number): boolean {
  const id = readElement(head, start, 0x02);
  if (typeof id === 'string') return false;
  const at = id.start + id.length;
  const kind = head[at] ?? 0;
  if (WITHOUT_RESULT.includes(kind)) return true;
  const answer = readElement(head, at, kind);
  if (!WITH_RESULT.includes(kind) || typeof answer === 'string') return false;
  return head[answer.start] === 0x0a && head[answer.start + 1] === 1;
}

/** Reads the tag and the length of an element. `short`: there are too few bytes yet. */
function readElement(
  bytes: readonly number[],
  at: number,
  tag: number,
): { start: number; length: number } | 'short' | 'wrong' {
  const [first, second] = [bytes[at], bytes[at + 1]];
  if (first !== undefined && first !== tag) return 'wrong';
  if (second === undefined) return 'short';
  if (second < 0x80) return { start: at + 2, length: second };
  const size = second & 0x7f;
  if (size === 0 || size > 4) return 'wrong';
  const start = at + 2 + size;
  if (bytes.length < start) return 'short';
  return { start, length: bytes.slice(at + 2, start).reduce((length, byte) => length * 256 + byte, 0) };
}
