import { hash } from 'node:crypto';
import { customAlphabet } from 'nanoid';
import { Secret } from '../model/secret.js';

const randomHex = customAlphabet('0123456789abcdef', 64);

/** A fresh session secret: 64 lower-case hex characters, 256 bits from the platform's CSPRNG (ASVS 7.2.3). */
export function newSessionSecret(): Secret {
  return new Secret(randomHex());
}

/** The SHA-256 under which a session is stored and found. A store that leaks gives no secret away. */
export function hashSessionSecret(secret: Secret): Buffer {
  // By way of a string: the one-shot hash makes a Buffer in twice the time.
  return Buffer.from(hash('sha256', secret.reveal(), 'binary'), 'latin1');
}
