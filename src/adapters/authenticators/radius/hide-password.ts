import { hash } from 'node:crypto';

/** A password of more bytes cannot be sent (RFC 2865 §5.2). */
export const MAX_PASSWORD_BYTES = 128;

const BLOCK_BYTES = 16;

/**
 * A password as it is sent in User-Password: padded with NULs to blocks of 16 bytes, each under the MD5 of the shared
 * secret and the block before it (RFC 2865 §5.2).
 */
export function hidePassword(password: Uint8Array, secret: Uint8Array, requestAuthenticator: Uint8Array): Buffer {
  const hidden = Buffer.alloc(Math.max(1, Math.ceil(password.length / BLOCK_BYTES)) * BLOCK_BYTES);
  hidden.set(password);
  let before = requestAuthenticator;
  for (let at = 0; at < hidden.length; at += BLOCK_BYTES) {
    const block = hidden.subarray(at, at + BLOCK_BYTES);
    const mask = hash('md5', Buffer.concat([secret, before]), 'buffer');
    for (let index = 0; index < BLOCK_BYTES; index++) block[index] = (block[index] as number) ^ (mask[index] as number);
    before = block;
  }
  return hidden;
}
