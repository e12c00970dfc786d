import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { abortableOf, type HasSignal } from '../../model/lazy-signal.js';

/** What `$apr1$`, `$5$` and `$6$` have in common: the rounds that make them slow, and their base64. */
export type CryptAlgorithm = 'md5' | 'sha256' | 'sha512';

/** So many bytes are hashed, in about a millisecond, before the event loop gets its turn. */
const BYTES_PER_TURN = 256 * 1024;
/** What a call of the hash function costs, in bytes that are hashed in the same time. */
const BYTES_PER_CALL = 512;

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Gives the event loop its turn after every {@link BYTES_PER_TURN} of work, and stops when nobody waits any more. */
export class Pace {
  #bytes = 0;
  readonly #caller: HasSignal;

  constructor(caller: HasSignal) {
    this.#caller = caller;
  }

  /** Accounts for one call of the hash function over `bytes` bytes. @returns whether it is time to {@link rest} */
  isDue(bytes: number): boolean {
    this.#bytes += bytes + BYTES_PER_CALL;
    return this.#bytes >= BYTES_PER_TURN;
  }

  /** @throws the signal's reason if it is aborted */
  async rest(): Promise<void> {
    this.#bytes = 0;
    await setImmediate();
    abortableOf(this.#caller).throwIfAborted();
  }
}

/** Hashes `digest` with the password and the salt over and over, in the order that all three schemes share. */
export async function stretch(
  algorithm: CryptAlgorithm,
  digest: Buffer,
  options: { password: Buffer; salt: Buffer; rounds: number; pace: Pace },
): Promise<Buffer> {
  const { password, salt, rounds, pace } = options;
  let current = digest;
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 === 1;
    const hash = createHash(algorithm).update(odd ? password : current);
    if (round % 3 !== 0) hash.update(salt);
    if (round % 7 !== 0) hash.update(password);
    current = hash.update(odd ? current : password).digest();
    if (pace.isDue(2 * password.length)) await pace.rest();
  }
  return current;
}

/**
 * Writes a digest in the base64 of `crypt`: the bytes in the given order, three at a time, the last of them lowest, the
 * lowest six bits first. One or two bytes are left over at the end.
 */
export function toCryptBase64(digest: Buffer, order: readonly number[]): string {
  let text = '';
  for (let start = 0; start < order.length; start += 3) {
    const group = order.slice(start, start + 3);
    let bits = group.reduce((value, index) => (value << 8) | (digest[index] as number), 0);
    for (let count = Math.ceil((group.length * 8) / 6); count > 0; count -= 1) {
      text += ALPHABET[bits & 63];
      bits >>>= 6;
    }
  }
  return text;
}
