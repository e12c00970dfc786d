import { hash } from 'node:crypto';
import { random } from 'nanoid';
import { Secret } from '../model/secret.js';

/** A fresh session secret: 64 lower-case hex characters, 256 bits from the platform's CSPRNG (ASVS 7.2.3). */
export function newSessionSecret(): Secret {
  const { buffer, byteOffset, length } = random(32);
  return new Secret(Buffer.from(buffer, byteOffset, length).toString('hex'));
}

/** The SHA-256 under which a session is stored and found. A store that leaks gives no secret away. */
export function hashSessionSecret(secret: Secret): Buffer {
  // By way of a string: the one-shot hash makes a Buffer in twice the time.
  return Buffer.from(hash('sha256', secret.reveal(), 'binary'), 'latin1');
}
