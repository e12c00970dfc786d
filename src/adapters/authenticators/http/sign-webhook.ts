import { createHmac } from 'node:crypto';
import type { Clock } from '../../../model/clock.js';
import type { Secret } from '../../../model/secret.js';
import { textOf } from '../../http-client/options.js';

/** Fewer bytes than these could be guessed. */
const LEAST_BYTES = 24;

/**
 * Signs requests as in Standard Webhooks 1.0 (https://www.standardwebhooks.com), for which there is a library to verify
 * with in every language: HMAC-SHA256 over the id, the time and the body.
 *
 * @param secret - with no {@link signingSecretProblem}
 * @returns a function that gives the headers of a request
 */
export function webhookSigner(secret: Secret | string, clock: Clock) {
  const key = keyOf(secret);
  return (id: string, body: string): Readonly<Record<string, string>> => {
    const timestamp = Math.floor(clock.now() / 1000);
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    return { 'webhook-id': id, 'webhook-timestamp': `${timestamp}`, 'webhook-signature': `v1,${signature}` };
  };
}

/** @returns what is wrong with a secret, in a sentence that does not show it */
export function signingSecretProblem(secret: Secret | string | undefined): string | undefined {
  if (secret === undefined) return undefined;
  const text: unknown = textOf(secret);
  const isBase64 = typeof text === 'string' && /^(whsec_)?[A-Za-z0-9+/]+={0,2}$/.test(text);
  if (isBase64 && keyOf(secret).length >= LEAST_BYTES) return undefined;
  return `signingSecret must be whsec_ and ${LEAST_BYTES} bytes at least in base64. Make one: echo whsec_$(openssl rand -base64 32)`;
}

function keyOf(secret: Secret | string): Buffer {
  return Buffer.from(textOf(secret).replace(/^whsec_/, ''), 'base64');
}
