import { createHash } from 'node:crypto';
import { type CryptAlgorithm, type Pace, stretch, toCryptBase64 } from './crypt-rounds.js';

const DEFAULT_ROUNDS = 5000;

/** The hash of `secret` by Drepper's SHA-crypt, `$5$…` or `$6$…`, with the salt and the rounds of the hash `like`. */
export async function shaCrypt(secret: Buffer, like: string, pace: Pace): Promise<string> {
  const prefix = like.slice(0, like.lastIndexOf('$'));
  const algorithm = like.startsWith('$5$') ? 'sha256' : 'sha512';
  const salt = Buffer.from(prefix.slice(prefix.lastIndexOf('$') + 1));
  const rounds = Number(/\$rounds=(\d+)\$/.exec(like)?.[1] ?? DEFAULT_ROUNDS);

  const inner = createHash(algorithm).update(secret).update(salt).update(secret).digest();
  const outer = createHash(algorithm).update(secret).update(salt).update(Buffer.alloc(secret.length, inner));
  for (let length = secret.length; length > 0; length >>>= 1) outer.update(length & 1 ? inner : secret);
  const start = outer.digest();

  const password = Buffer.alloc(secret.length, await repeated(algorithm, secret, secret.length, pace));
  const saltDigest = await repeated(algorithm, salt, 16 + (start[0] as number), pace);
  const digest = await stretch(algorithm, start, {
    password,
    salt: Buffer.alloc(salt.length, saltDigest),
    rounds,
    pace,
  });
  return `${prefix}$${toCryptBase64(digest, algorithm === 'sha256' ? ORDER_256 : ORDER_512)}`;
}

async function repeated(algorithm: CryptAlgorithm, bytes: Buffer, times: number, pace: Pace): Promise<Buffer> {
  const hash = createHash(algorithm);
  for (let count = 0; count < times; count += 1) {
    hash.update(bytes);
    if (pace.isDue(bytes.length)) await pace.rest();
  }
  return hash.digest();
}

const ORDER_256 = order(10, 32, [31, 30]);
const ORDER_512 = order(21, 64, [63]);

/**
 * The order of the digest's bytes: `groups` groups of three bytes that lie a third of the digest apart, each group one
 * byte further on and turned by one place; then what is left over.
 */
function order(groups: number, size: 32 | 64, rest: readonly number[]): readonly number[] {
  const turn = size === 32 ? 2 : 1;
  const triples = Array.from({ length: groups }, (_, group) =>
    [0, 1, 2].map((place) => group + groups * ((place + turn * group) % 3)),
  );
  return [...triples.flat(), ...rest];
}
