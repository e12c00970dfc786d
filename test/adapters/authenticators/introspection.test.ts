import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type IntrospectionAuthenticator,
  type IntrospectionAuthenticatorOptions,
  introspectionAuthenticator,
} from '../../../src/adapters/authenticators/introspection.js';
import type { AuthenticationOutcome } from '../../../src/adapters/ports.js';
import { cached } from '../../../src/adapters/resilience/index.js';
import { BackendFaultError, ConfigurationError, OverloadedError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';
import { authenticatorContract } from '../../../src/testing/index.js';
import { simulatedClock } from '../../../src/testing/simulated-clock.js';
import { AUDIENCE, CLIENT, OidcProvider } from '../../support/oidc-provider.js';

const INTROSPECTION = '/token/introspection';

const keyPairs = {
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
const pemOf = (alg: keyof typeof keyPairs) =>
  keyPairs[alg].privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;

let provider: OidcProvider;
const opened: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  const clientKeys = Object.entries(keyPairs).map(([kid, { publicKey }]) => ({
    ...publicKey.export({ format: 'jwk' }),
    kid,
  }));
  provider = await OidcProvider.start({ clientKeys: clientKeys as never });
});
afterEach(async () => {
  provider.interception = undefined;
  for (const authenticator of opened.splice(0)) await authenticator.close();
});
afterAll(() => provider.stop());

const defaults = (): IntrospectionAuthenticatorOptions => ({
  issuer: provider.issuer,
  clientId: CLIENT.id,
  clientSecret: CLIENT.secret,
  audience: AUDIENCE,
});

function open(options: Partial<IntrospectionAuthenticatorOptions> = {}): IntrospectionAuthenticator {
  const authenticator = introspectionAuthenticator({ ...defaults(), ...options });
  opened.push(authenticator);
  return authenticator;
}

function ask(
  authenticator: { authenticate: IntrospectionAuthenticator['authenticate'] },
  username: string,
  token: string,
): Promise<AuthenticationOutcome> {
  return authenticator.authenticate({ username, secret: new Secret(token) }, { signal: new AbortController().signal });
}

/** The server says this of every token. */
function says(answer: unknown, status = 200, headers: Record<string, string> = {}): void {
  provider.interception = (request, response) => {
    if (request.url !== INTROSPECTION) return false;
    const body = typeof answer === 'string' || Buffer.isBuffer(answer) ? answer : JSON.stringify(answer);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    return true;
  };
}

const denied = (cause: string) => ({ outcome: 'denied', cause });
const ACCEPTED = { outcome: 'authenticated', user: 'ada' };

describe('introspection keeps the contract', () => {
  const users = [
    { username: 'ada', secret: 'made below', groups: ['staff', 'engines'] },
    { username: 'bob', secret: 'made below, too', groups: [] as string[] },
  ];
  beforeAll(async () => {
    for (const user of users) user.secret = await provider.token('opaque', user.username, { groups: user.groups });
  });
  const cases = authenticatorContract({
    create: () => introspectionAuthenticator({ ...defaults(), groupsClaim: 'groups' }),
    createBroken: () =>
      introspectionAuthenticator({ ...defaults(), introspectionEndpoint: 'http://127.0.0.1:1/introspection' }),
    users,
  });
  for (const { name, run } of cases) test(name, run);
});

describe('RFC 7662 §2.2: a token counts if its server says that it is active', () => {
  test('it is taken back, it ends, it is unknown, it is a JWT', async () => {
    const authenticator = open();
    const token = await provider.token('opaque', 'ada', { expiresIn: 60 });
    expect(await ask(authenticator, 'ada', token)).toMatchObject({ ...ACCEPTED, expiresAt: expect.any(Number) });
    await provider.revoke(token);
    expect(await ask(authenticator, 'ada', token)).toEqual(denied('inactiveToken'));
    expect(await ask(authenticator, 'ada', `${token}x`)).toEqual(denied('inactiveToken'));
    const jwt = await provider.token('jwt', 'ada');
    expect(await ask(authenticator, 'ada', jwt)).toEqual(denied('unsupportedToken'));
  });

  test.each([undefined, null, 'true', 1, {}, []])('active: %j is a fault', async (active) => {
    says({ sub: 'ada', aud: AUDIENCE, active });
    await expect(ask(open(), 'ada', 'marked-token')).rejects.toBeInstanceOf(BackendFaultError);
  });

  test('active: false is a no, whatever else there is', async () => {
    says({ sub: 'ada', aud: AUDIENCE, active: false });
    expect(await ask(open(), 'ada', 'marked-token')).toEqual(denied('inactiveToken'));
  });

  const now = 1_800_000_000;
  test.each([
    ['exp', now - 4, undefined],
    ['exp', now - 5, 'expired'],
    ['nbf', now + 5, undefined],
    ['nbf', now + 6, 'notYetValid'],
  ])('%s of an active token is checked nonetheless: %d', async (property, time, cause) => {
    says({ active: true, sub: 'ada', aud: AUDIENCE, [property]: time });
    const outcome = await ask(open({ clock: simulatedClock({ startAt: now * 1000 }) }), 'ada', 'marked-token');
    expect(outcome).toMatchObject(cause === undefined ? ACCEPTED : denied(cause));
  });

  test.each([
    ['exp', 'tomorrow'],
    ['exp', null],
    ['nbf', {}],
  ])('%s: %j is a fault', async (property, time) => {
    says({ active: true, sub: 'ada', aud: AUDIENCE, [property]: time });
    await expect(ask(open(), 'ada', 'marked-token')).rejects.toThrow(`no number as its ${property}`);
  });

  test.each<[string, Partial<IntrospectionAuthenticatorOptions>, Record<string, unknown>, string | undefined]>([
    ['iss of another', {}, { iss: 'https://other.example.com' }, 'wrongIssuer'],
    ['iss that is null', {}, { iss: null }, 'wrongIssuer'],
    ['aud of another', {}, { aud: 'https://other.example.com' }, 'wrongAudience'],
    ['no aud', {}, { aud: undefined }, 'wrongAudience'],
    ['aud in a list', {}, { aud: ['https://other.example.com', AUDIENCE] }, undefined],
    ['no aud, where none is asked for', { audience: false }, { aud: undefined }, undefined],
    ['a scope more', { scope: 'sessions' }, { scope: 'openid sessions' }, undefined],
    ['a scope less', { scope: ['sessions', 'openid'] }, { scope: 'sessions' }, 'missingScope'],
    ['a scope that begins with it', { scope: 'sessions' }, { scope: 'sessions:read' }, 'missingScope'],
    ['no scope', { scope: 'sessions' }, {}, 'missingScope'],
    ['a list of scopes, against the standard', { scope: 'sessions' }, { scope: ['sessions'] }, 'missingScope'],
    ['token_type Bearer', {}, { token_type: 'Bearer' }, undefined],
    ['token_type DPoP', {}, { token_type: 'DPoP' }, 'wrongType'],
    ['token_type null', {}, { token_type: null }, 'wrongType'],
    ['token_use refresh_token', {}, { token_type: 'bearer', token_use: 'refresh_token' }, 'wrongType'],
    ['a key of its holder', {}, { cnf: { jkt: 'marked-thumbprint' } }, 'boundToken'],
    ['another sub', {}, { sub: 'bob' }, 'otherUser'],
    ['no sub', {}, { sub: undefined, username: 'ada' }, 'noUserName'],
    ['username instead', { usernameClaim: 'username' }, { sub: '42', username: 'ada' }, undefined],
  ])('%s', async (_, options, answer, cause) => {
    says({ active: true, sub: 'ada', aud: AUDIENCE, ...answer });
    const outcome = await ask(open(options), 'ada', 'marked-token');
    expect(outcome).toMatchObject(cause === undefined ? ACCEPTED : denied(cause));
  });

  test('never cached past exp, nor without being told to', async () => {
    const clock = simulatedClock({ startAt: now * 1000 });
    const requests = () => provider.requests[INTROSPECTION] ?? 0;
    const before = requests();
    says({ active: true, sub: 'ada', aud: AUDIENCE, exp: now + 10 });
    const uncached = open({ clock });
    await ask(uncached, 'ada', 'marked-token');
    await ask(uncached, 'ada', 'marked-token');
    expect(requests() - before).toBe(2);

    const repeating = cached(open({ clock, clockTolerance: 0 }), { clock, ttl: 300_000 });
    for (let call = 0; call < 3; call += 1) expect(await ask(repeating, 'ada', 'marked-token')).toMatchObject(ACCEPTED);
    expect(requests() - before).toBe(3);
    clock.increment(9_999);
    expect(await ask(repeating, 'ada', 'marked-token')).toMatchObject(ACCEPTED);
    expect(requests() - before).toBe(3);
    clock.increment(1);
    expect(await ask(repeating, 'ada', 'marked-token')).toEqual(denied('expired'));
    expect(requests() - before).toBe(4);
  });
});

describe('the client', () => {
  test.each(['RS256', 'PS256', 'ES256'] as const)('with a private key: %s', async (alg) => {
    const authenticator = open({
      clientId: 'private-key-client',
      clientSecret: undefined as never,
      clientKey: new Secret(pemOf(alg)),
      clientKeyId: alg,
      ...(alg === 'PS256' && { clientKeyAlgorithm: alg }),
    });
    expect(await ask(authenticator, 'ada', await provider.token('opaque', 'ada'))).toMatchObject(ACCEPTED);
  });

  test('that the server refuses is a fault, which says what to look at, and shows no secret', async () => {
    const authenticator = open({ clientSecret: 'marked-wrong-client-secret' });
    const error = await ask(authenticator, 'ada', 'marked-token').catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackendFaultError);
    expect((error as Error).message).toMatch(/refuses clientId or its credentials \(status 401\)/);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/marked-/);
    await expect(authenticator.probe({ signal: new AbortController().signal }))
      .rejects.toBe(error)
      .catch(() => {});
  });
});

describe('where it asks', () => {
  test('by the metadata of the issuer, once for all who come first', async () => {
    const before = { ...provider.requests };
    const authenticator = open();
    const token = await provider.token('opaque', 'ada');
    await Promise.all(Array.from({ length: 20 }, () => ask(authenticator, 'ada', token)));
    const discovery = '/.well-known/openid-configuration';
    expect((provider.requests[discovery] ?? 0) - (before[discovery] ?? 0)).toBe(1);
  });

  test('again, if it is not there any more', async () => {
    const authenticator = open();
    const token = await provider.token('opaque', 'ada');
    await ask(authenticator, 'ada', token);
    says('', 404);
    await expect(ask(authenticator, 'ada', token)).rejects.toThrow('status 404');
    provider.interception = undefined;
    expect(await ask(authenticator, 'ada', token)).toMatchObject(ACCEPTED);
  });

  test('a caller who goes while the metadata is asked for takes nobody with him', async () => {
    const authenticator = open();
    const token = await provider.token('opaque', 'ada');
    const caller = new AbortController();
    const given = authenticator.authenticate({ username: 'ada', secret: new Secret(token) }, caller);
    const other = ask(authenticator, 'ada', token);
    caller.abort(new Error('gone'));
    await expect(given).rejects.toThrow('gone');
    expect(await other).toMatchObject(ACCEPTED);
  });
});

describe('an answer that is none is a fault', () => {
  test.each<[string, unknown, number]>([
    ['a page', '<html>', 200],
    ['nothing', '', 200],
    ['a list', [], 200],
    ['null', null, 200],
    ['a text', '"active"', 200],
    ['no content', '', 204],
    ['another status with a yes in it', { active: true, sub: 'ada', aud: AUDIENCE }, 201],
    ['a redirect', '', 302],
    ['a bad request', { error: 'invalid_request' }, 400],
    ['forbidden', { error: 'unauthorized_client' }, 403],
    ['not found', 'Not found', 404],
    ['an error of the server', { active: true }, 500],
    ['a proxy without a server', 'Bad gateway', 502],
    ['unavailable', '', 503],
    ['a flood', `{"active":true,"sub":"ada","x":"${'x'.repeat(70_000)}"}`, 200],
  ])('%s', async (_, answer, status) => {
    says(answer, status);
    await expect(ask(open(), 'ada', 'marked-token')).rejects.toBeInstanceOf(BackendFaultError);
  });

  test('one that sends our request back does not get it into the log', async () => {
    for (const status of [200, 400, 401, 500]) {
      provider.interception = (request, response) => {
        if (request.url !== INTROSPECTION) return false;
        const chunks: Buffer[] = [];
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', () => {
          const echo = `${request.headers.authorization} ${Buffer.concat(chunks)}`;
          response.writeHead(status, {
            'content-type': 'application/json',
            'www-authenticate': 'Basic realm="marked-',
          });
          response.end(status === 200 ? echo : JSON.stringify({ error: echo, error_description: echo }));
        });
        return true;
      };
      const error = await ask(open(), 'ada', 'marked-token').catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(BackendFaultError);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/marked-|Basic/);
    }
  });

  test('too many requests are overload, with the time to come back', async () => {
    says('', 429, { 'retry-after': '7' });
    const error = await ask(open(), 'ada', 'marked-token').catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(OverloadedError);
    expect(error).toMatchObject({ retryAfter: 7 });
    for (const retryAfter of ['-1', 'tomorrow', '99999999', '1.5']) {
      says('', 429, { 'retry-after': retryAfter });
      await expect(ask(open(), 'ada', 'marked-token')).rejects.toMatchObject({ retryAfter: 1 });
    }
  });
});

describe('what is sent', () => {
  test('the token and nothing of the user; whatever is in a token, it breaks nothing', async () => {
    let sent = '';
    const server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (chunk) => {
        sent += chunk;
      });
      request.on('end', () => response.end('{"active":false}'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const introspectionEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const token = 'marked token&active=true;token=x%00+"\\{}';
    expect(await ask(open({ introspectionEndpoint }), 'ada&sub=ada', token)).toEqual(denied('inactiveToken'));
    const parameters = new URLSearchParams(sent);
    expect([...parameters.keys()].sort()).toEqual(['token', 'token_type_hint']);
    expect(parameters.get('token')).toBe(token);
    server.close();
    server.closeAllConnections();
  });

  test('nothing, if it cannot be a token', async () => {
    const before = provider.requests[INTROSPECTION];
    for (const secret of ['', 'tökén', 'a\nb', '\0', '\ud800', '😀']) {
      expect(await ask(open(), 'ada', secret)).toEqual(denied('unknownUser'));
    }
    expect(provider.requests[INTROSPECTION]).toBe(before);
  });
});

describe('options that cannot work', () => {
  test.each<[RegExp, Record<string, unknown>]>([
    [/issuer must be/, { issuer: 'id' }],
    [/issuer would have secrets go in clear/, { issuer: 'http://id.example.com' }],
    [/introspectionEndpoint must/, { introspectionEndpoint: 'file:///etc/passwd' }],
    [/clientId/, { clientId: '' }],
    [/Either clientSecret or clientKey/, { clientSecret: undefined }],
    [/Either clientSecret or clientKey/, { clientKey: pemOf('ES256') }],
    [/clientSecret must/, { clientSecret: '' }],
    [/clientKey must be a private key in PEM/, { clientSecret: undefined, clientKey: 'marked-key' }],
    [
      /clientKeyAlgorithm is for RSA/,
      { clientSecret: undefined, clientKey: pemOf('ES256'), clientKeyAlgorithm: 'ES384' },
    ],
    [
      /clientKeyAlgorithm must be one of/,
      { clientSecret: undefined, clientKey: pemOf('RS256'), clientKeyAlgorithm: 'HS256' },
    ],
    [/need a clientKey/, { clientKeyId: 'key-1' }],
    [/audience/, { audience: undefined }],
    [/audience/, { audience: [] }],
    [/scope/, { scope: 'openid sessions' }],
    [/usernameClaim/, { usernameClaim: [] }],
    [/groupsClaim/, { groupsClaim: [''] }],
    [/clockTolerance/, { clockTolerance: 300_001 }],
    [/timeout/, { timeout: 0 }],
    [/no option clientsecret. Is clientSecret meant/, { clientsecret: 'marked-secret' }],
  ])('%s', (message, options) => {
    let error: unknown;
    try {
      introspectionAuthenticator({ ...defaults(), ...options } as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^introspection cannot work/);
    expect((error as Error).message).not.toMatch(/marked-|PRIVATE KEY/);
  });
});
