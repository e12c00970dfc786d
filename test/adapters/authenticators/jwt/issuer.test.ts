import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { generateKeyPair, SignJWT } from 'jose';
import {
  type JwtAuthenticator,
  type JwtAuthenticatorOptions,
  jwtAuthenticator,
} from '../../../../src/adapters/authenticators/jwt.js';
import type { AuthenticationOutcome } from '../../../../src/adapters/ports.js';
import { BackendFaultError, type SessionInitError } from '../../../../src/model/errors.js';
import { Secret } from '../../../../src/model/secret.js';
import { simulatedClock } from '../../../../src/testing/simulated-clock.js';
import { AUDIENCE, OidcProvider } from '../../../support/oidc-provider.js';

const JWKS = '/jwks';
const DISCOVERY = '/.well-known/openid-configuration';

let provider: OidcProvider;
let authenticator: JwtAuthenticator;

beforeEach(async () => {
  provider = await OidcProvider.start();
});
afterEach(async () => {
  await authenticator.close();
  await provider.stop();
});

function open(options: Partial<JwtAuthenticatorOptions> = {}): void {
  authenticator = jwtAuthenticator({
    issuer: provider.issuer,
    audience: AUDIENCE,
    keysCooldown: 20,
    timeout: 30_000,
    ...options,
  });
}

function ask(token: string, signal = new AbortController().signal): Promise<AuthenticationOutcome> {
  return authenticator.authenticate({ username: 'ada', secret: new Secret(token) }, { signal });
}

/** Signed with a key that nobody publishes, under a random name. */
async function forged(): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256');
  return new SignJWT(provider.claims('ada'))
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: crypto.randomUUID() })
    .sign(privateKey);
}

const YES = { outcome: 'authenticated', user: 'ada' };

describe('rotation', () => {
  test('of the key at the provider, during load, loses no init, though strangers send what they like', async () => {
    open();
    const random = await Promise.all(Array.from({ length: 8 }, forged));
    const outcomes: AuthenticationOutcome[] = [];
    for (let rotation = 0; rotation < 5; rotation += 1) {
      await provider.rotate();
      const calls = Array.from({ length: 64 }, async (_, call) => {
        const denied = call % 4 === 0 ? ask(random[(call / 4) % 8] as string) : undefined;
        const token = await provider.token('jwt', 'ada');
        outcomes.push(await ask(token));
        expect(await (denied ?? { outcome: 'denied' })).toMatchObject({ outcome: 'denied' });
      });
      await Promise.all(calls);
    }
    expect(outcomes).toHaveLength(320);
    expect(outcomes.filter(({ outcome }) => outcome !== 'authenticated')).toEqual([]);
  });

  test('with tokens of the key before: they are taken as long as it is published', async () => {
    open({ keysMaxAge: 1_000_000 });
    const old = await provider.token('jwt', 'ada');
    await provider.rotate();
    expect(await ask(await provider.token('jwt', 'ada'))).toMatchObject(YES);
    expect(await ask(old)).toMatchObject(YES);
    await provider.rotate();
    expect(await ask(await provider.token('jwt', 'ada'))).toMatchObject(YES);
    expect(await ask(old)).toEqual({ outcome: 'denied', cause: 'unknownKey' });
  });

  test('of keys without names: each that fits is tried, and newer ones are asked for', async () => {
    const nameless = () => provider.sign(provider.claims('ada'), { kid: undefined as never });
    open();
    expect(await ask(await nameless())).toMatchObject(YES);
    await provider.rotate();
    expect(await ask(await nameless())).toMatchObject(YES);
    await provider.rotate();
    expect(await ask(await nameless())).toMatchObject(YES);
  });
});

describe('a stampede', () => {
  test('of tokens with random keys is one request in a cool-down, and known keys do not wait for it', async () => {
    const clock = simulatedClock({ startAt: Date.now() });
    open({ clock, keysCooldown: 2_000 });
    const good = await provider.token('jwt', 'ada');
    expect(await ask(good)).toMatchObject(YES);
    clock.increment(2_000);
    const tokens = await Promise.all(Array.from({ length: 100 }, forged));
    // The first starts a fetch. Those that come during it try its keys, and wait for the one after it.
    const first = ask(tokens[0] as string);
    expect(await first).toEqual({ outcome: 'denied', cause: 'unknownKey' });
    expect(provider.requests[JWKS]).toBe(2);
    clock.increment(1_000);
    const others = Promise.all(tokens.map((token) => ask(token)));
    expect(await ask(good)).toMatchObject(YES);
    expect(provider.requests[JWKS]).toBe(2);
    await clock.advance(1_000);
    expect(new Set((await others).map(({ outcome }) => outcome))).toEqual(new Set(['denied']));
    expect(provider.requests[JWKS]).toBe(3);
    expect(provider.requests[DISCOVERY]).toBe(1);
  });

  test('that is too large is refused beyond a bound, as overload', async () => {
    const clock = simulatedClock({ startAt: Date.now() });
    open({ clock, keysCooldown: 2_000, maxWaiting: 3 });
    await ask(await provider.token('jwt', 'ada'));
    clock.increment(1);
    const tokens = await Promise.all(Array.from({ length: 5 }, forged));
    const outcomes = Promise.allSettled(tokens.map((token) => ask(token)));
    await clock.advance(2_000);
    const refused = (await outcomes).filter(({ status }) => status === 'rejected');
    expect(refused.map((result) => (result as PromiseRejectedResult).reason.code)).toEqual([
      'overloaded',
      'overloaded',
    ]);
    expect(await ask(await provider.token('jwt', 'ada'))).toMatchObject(YES);
  });

  test('a call that nobody waits for any more is settled while its key is awaited', async () => {
    const clock = simulatedClock({ startAt: Date.now() });
    open({ clock, keysCooldown: 2_000 });
    await ask(await provider.token('jwt', 'ada'));
    clock.increment(1);
    const caller = new AbortController();
    const outcome = ask(await forged(), caller.signal);
    caller.abort(new Error('gone'));
    await expect(outcome).rejects.toThrow('gone');
  });

  test('close ends what waits', async () => {
    const clock = simulatedClock({ startAt: Date.now() });
    open({ clock, keysCooldown: 2_000 });
    await ask(await provider.token('jwt', 'ada'));
    clock.increment(1);
    const outcome = ask(await forged());
    const ended = expect(outcome).rejects.toMatchObject({ code: 'closed' });
    await new Promise((resolve) => setImmediate(resolve));
    await authenticator.close();
    await ended;
    await expect(ask(await forged())).rejects.toMatchObject({ code: 'closed' });
    await expect(authenticator.probe({ signal: new AbortController().signal })).rejects.toMatchObject({
      code: 'closed',
    });
    expect(clock.pending).toBe(0);
  });
});

describe('an issuer that is down', () => {
  test('does no harm to known keys until they are too old; an unknown one is a fault, and never a denial', async () => {
    const told: SessionInitError[] = [];
    const clock = simulatedClock({ startAt: Date.now() });
    open({ clock, keysMaxAge: 100_000, keysCooldown: 1, onKeysUnavailable: (error) => told.push(error) });
    const good = await provider.token('jwt', 'ada');
    expect(await ask(good)).toMatchObject(YES);
    await provider.stop();
    clock.increment(50_000);
    for (let call = 0; call < 3; call += 1) expect(await ask(good)).toMatchObject(YES);
    const unknown = ask(await forged());
    const failed = expect(unknown).rejects.toBeInstanceOf(BackendFaultError);
    await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(1);
    await failed;
    clock.increment(49_998);
    expect(await ask(good)).toMatchObject(YES);
    clock.increment(1);
    const late = expect(ask(good)).rejects.toBeInstanceOf(BackendFaultError);
    await clock.advance(1);
    await late;
    expect(told).toHaveLength(1);

    await provider.listen();
    clock.increment(1);
    expect(await ask(good)).toMatchObject(YES);
  });

  test('what onKeysUnavailable throws changes nothing', async () => {
    await provider.stop();
    open({
      onKeysUnavailable() {
        throw new Error('a listener');
      },
    });
    await expect(ask(await forged())).rejects.toBeInstanceOf(BackendFaultError);
  });

  test('a secret that is no token of it needs no keys, and is denied', async () => {
    await provider.stop();
    open();
    expect(await ask('marked-user-secret-1')).toEqual({ outcome: 'denied', cause: 'unknownUser' });
  });
});

describe('where the keys are', () => {
  test('is asked of the issuer once; jwksUri goes without', async () => {
    open();
    await ask(await provider.token('jwt', 'ada'));
    await authenticator.probe({ signal: new AbortController().signal });
    expect(provider.requests).toEqual({ [DISCOVERY]: 1, [JWKS]: 2 });
    await authenticator.close();
    open({ jwksUri: `${provider.issuer}${JWKS}` });
    expect(await ask(await provider.token('jwt', 'ada'))).toMatchObject(YES);
    expect(provider.requests).toEqual({ [DISCOVERY]: 1, [JWKS]: 3 });
  });

  test('is asked again when they are not there any more', async () => {
    const clock = simulatedClock({ startAt: Date.now() });
    open({ clock, keysMaxAge: 1_000, keysCooldown: 1 });
    expect(await ask(await provider.token('jwt', 'ada'))).toMatchObject(YES);
    let hasMoved = true;
    provider.interception = (request, response) => {
      if (request.url !== JWKS || !hasMoved) return false;
      hasMoved = false;
      response.writeHead(404).end();
      return true;
    };
    clock.increment(1_000);
    await expect(ask(await provider.token('jwt', 'ada'))).rejects.toThrow('status 404');
    clock.increment(1);
    expect(await ask(await provider.token('jwt', 'ada'))).toMatchObject(YES);
    expect(provider.requests[DISCOVERY]).toBe(2);
  });

  test.each([
    ["another issuer's", { issuer: 'https://id.example.com', jwks_uri: 'https://id.example.com/jwks' }],
    ['without an issuer', { jwks_uri: 'https://id.example.com/jwks' }],
    ['of nothing', null],
    ['a list', []],
  ])('metadata that is %s: a fault', async (_, metadata) => {
    provider.interception = (_request, response) => {
      response.end(JSON.stringify(metadata));
      return true;
    };
    open();
    await expect(ask(await provider.token('jwt', 'ada'))).rejects.toThrow("is another issuer's");
  });

  test.each(['http://id.example.com/jwks', 'file:///etc/passwd', 'jwks', '', null, 'https://user@id.example.com/jwks'])(
    'metadata that names %j: a fault, and nobody is asked',
    async (jwks_uri) => {
      provider.interception = (_, response) => {
        response.end(JSON.stringify({ issuer: provider.issuer, jwks_uri }));
        return true;
      };
      open();
      await expect(ask(await provider.token('jwt', 'ada'))).rejects.toThrow(`jwks_uri of ${provider.issuer}`);
    },
  );

  test('a redirect is not followed', async () => {
    const elsewhere = createServer((_, response) => response.end('{"keys":[]}'));
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    let asked = 0;
    elsewhere.on('request', () => asked++);
    provider.interception = (_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/` }).end();
      return true;
    };
    open({ jwksUri: `${provider.issuer}${JWKS}` });
    await expect(ask(await provider.token('jwt', 'ada'))).rejects.toThrow('status 302');
    expect(asked).toBe(0);
    elsewhere.close();
  });

  test.each([
    ['a page', '<html>', 'something else than JSON'],
    ['nothing', '', 'something else than JSON'],
    ['no UTF-8', Buffer.from([0xff]), 'something else than JSON'],
    ['no set of keys', '{"keys":{}}', 'no set of keys'],
    ['a set without keys', '{"keys":[]}', 'no set of keys'],
    ['more than is read', `{"keys":[${' '.repeat(70_000)}]}`, 'maxResponseBytes'],
    ['a key that is broken', '{"keys":[{"kty":"EC","crv":"P-256","x":"!","y":"?"}]}', 'cannot be used'],
    ['a private key', undefined, 'cannot be used'],
  ])('an answer that is %s: a fault', async (_, body, message) => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await crypto.subtle.exportKey('jwk', privateKey);
    const { key_ops: __, ...privateJwk } = jwk;
    provider.interception = (_request, response) => {
      response.end(body ?? JSON.stringify({ keys: [privateJwk] }));
      return true;
    };
    open({ jwksUri: `${provider.issuer}${JWKS}` });
    const nameless = await provider.sign(provider.claims('ada'), { kid: undefined as never });
    await expect(ask(nameless)).rejects.toThrow(message);
    await expect(ask(nameless)).rejects.toBeInstanceOf(BackendFaultError);
  });

  test('a key that is too short: a fault, and nobody gets in', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    provider.interception = (_, response) => {
      response.end(JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
      return true;
    };
    open({ jwksUri: `${provider.issuer}${JWKS}` });
    const [header, claims] = [{ alg: 'RS256', typ: 'at+jwt' }, provider.claims('ada')].map((part) =>
      Buffer.from(JSON.stringify(part)).toString('base64url'),
    );
    const signature = sign('sha256', Buffer.from(`${header}.${claims}`), privateKey).toString('base64url');
    await expect(ask(`${header}.${claims}.${signature}`)).rejects.toThrow('jwt could not verify a token');
  });
});
