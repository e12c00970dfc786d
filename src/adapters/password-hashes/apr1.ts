import { createHash } from 'node:crypto';
import { type Pace, stretch, toCryptBase64 } from './crypt-rounds.js';

const ORDER = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11];

/** Apache's MD5 hash of `secret`, `$apr1$salt$…`, with the salt of the hash `like`. */
export async function apr1(secret: Buffer, like: string, pace: Pace): Promise<string> {
  const saltText = like.split('$')[2] as string;
  const salt = Buffer.from(saltText);
  const inner = createHash('md5').update(secret).update(salt).update(secret).digest();
  const outer = createHash('md5')
    .update(secret)
    .update('$apr1$')
    .update(salt)
    .update(Buffer.alloc(secret.length, inner));
  for (let length = secret.length; length > 0; length >>>= 1) {
    outer.update(length & 1 ? Buffer.alloc(1) : secret.subarray(0, 1));
  }
  const digest = await stretch('md5', outer.digest(), { password: secret, salt, rounds: 1000, pace });
  return `$apr1$${saltText}$${toCryptBase64(digest, ORDER)}`;
}
