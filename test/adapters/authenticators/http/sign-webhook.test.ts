import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { signingSecretProblem, webhookSigner } from '../../../../src/adapters/authenticators/http/sign-webhook.js';
import { httpAuthenticator } from '../../../../src/adapters/authenticators/http.js';
import { Secret } from '../../../../src/model/secret.js';
import { simulatedClock } from '../../../../src/testing/index.js';
import { type Received, type WebService, webService } from '../../../support/web-service.js';

/** Marked, and of 32 bytes. */
const SIGNING_SECRET = `whsec_${Buffer.from('marked-signing-secret-of-32-byte').toString('base64')}`;
const START = Date.parse('2026-01-01T00:00:00Z');

/** As docs/adapters/http.md tells the author of a service to verify a request. */
function isSigned(headers: IncomingHttpHeaders, body: string, now: number): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
  if (Math.abs(now / 1000 - Number(timestamp)) > 300) return false;
  const key = Buffer.from(SIGNING_SECRET.replace('whsec_', ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  const given = Buffer.from(String(signature).replace('v1,', ''), 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

let service: WebService | undefined;
afterEach(() => service?.stop());

test('signs as the reference implementation of Standard Webhooks does in its own tests', () => {
  const clock = simulatedClock({ startAt: 1_614_265_330_999 });
  const sign = webhookSigner('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', clock);
  expect(sign('msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}')).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('the prefix may be left out, and the secret be a Secret', () => {
  const clock = simulatedClock();
  const headers = webhookSigner(SIGNING_SECRET, clock)('id', 'body');
  expect(webhookSigner(new Secret(SIGNING_SECRET.slice(6)), clock)('id', 'body')).toEqual(headers);
});

describe('a receiver', () => {
  async function received(): Promise<Received> {
    service = await webService(() => ({ status: 401, json: { cause: 'wrongSecret' } }));
    const clock = simulatedClock({ startAt: START });
    const authenticator = httpAuthenticator({
      url: service.origin,
      signingSecret: new Secret(SIGNING_SECRET),
      clock,
    });
    const asserted = { username: 'ada 🦊', secret: new Secret('märked 🔑') };
    await authenticator.authenticate(asserted, { signal: new AbortController().signal });
    await authenticator.close();
    return service.received[0] as Received;
  }

  test('takes a request that is signed, whatever Unicode is in it', async () => {
    const { headers, body } = await received();
    expect(isSigned(headers, body, START + 1_000)).toBe(true);
    expect(headers['webhook-id']).toBe(headers['x-request-id']);
    expect(headers.authorization).toBeUndefined();
  });

  test('takes no other body, no other id, no other time, and none that is old', async () => {
    const { headers, body } = await received();
    expect(isSigned(headers, body.replace('ada', 'eve'), START)).toBe(false);
    expect(isSigned({ ...headers, 'webhook-id': 'other' }, body, START)).toBe(false);
    expect(isSigned({ ...headers, 'webhook-timestamp': `${START / 1000 + 1}` }, body, START)).toBe(false);
    expect(isSigned(headers, body, START + 301_000)).toBe(false);
  });
});

test.each([
  ['', false],
  ['whsec_', false],
  [`whsec_${Buffer.alloc(23).toString('base64')}`, false],
  [`whsec_${Buffer.alloc(24).toString('base64')}`, true],
  [`whsec_${Buffer.alloc(64).toString('base64')}`, true],
  [`${Buffer.alloc(24).toString('base64')}\n`, false],
  [`whsk_${Buffer.alloc(32).toString('base64')}`, false],
])('%j is a secret: %j', (secret, isOne) => {
  expect(signingSecretProblem(secret) === undefined).toBe(isOne);
});
