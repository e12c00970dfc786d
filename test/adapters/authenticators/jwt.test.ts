import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { EncryptJWT, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import {
  type JwtAuthenticator,
  type JwtAuthenticatorOptions,
  jwtAuthenticator,
} from '../../../src/adapters/authenticators/jwt.js';
import type { AuthenticationOutcome } from '../../../src/adapters/ports.js';
import { BackendFaultError, ConfigurationError } from '../../../src/model/errors.js';
import { Secret } from '../../../src/model/secret.js';
import { authenticatorContract } from '../../../src/testing/index.js';
import { simulatedClock } from '../../../src/testing/simulated-clock.js';
import { AUDIENCE, OidcProvider } from '../../support/oidc-provider.js';

let provider: OidcProvider;
const opened: JwtAuthenticator[] = [];

beforeAll(async () => {
  provider = await OidcProvider.start();
});
afterEach(async () => {
  for (const authenticator of opened.splice(0)) await authenticator.close();
});
afterAll(() => provider.stop());

const defaults = (): JwtAuthenticatorOptions => ({ issuer: provider.issuer, audience: AUDIENCE });

function open(options: Partial<JwtAuthenticatorOptions> = {}): JwtAuthenticator {
  const authenticator = jwtAuthenticator({ ...defaults(), keysCooldown: 20, timeout: 30_000, ...options });
  opened.push(authenticator);
  return authenticator;
}

function ask(authenticator: JwtAuthenticator, username: string, token: string): Promise<AuthenticationOutcome> {
  return authenticator.authenticate({ username, secret: new Secret(token) }, { signal: new AbortController().signal });
}

const denied = (cause: string) => ({ outcome: 'denied', cause });
const ACCEPTED = { outcome: 'authenticated', user: 'ada' };

describe('jwt keeps the contract', () => {
  const users = [
    { username: 'ada', secret: 'made below', groups: ['staff', 'engines'] },
    { username: 'bob', secret: 'made below, too', groups: [] as string[] },
  ];
  beforeAll(async () => {
    for (const user of users) user.secret = await provider.token('jwt', user.username, { groups: user.groups });
  });
  const cases = authenticatorContract({
    create: () => jwtAuthenticator({ ...defaults(), groupsClaim: 'groups' }),
    users,
  });
  for (const { name, run } of cases) test(name, run);
});

describe('ASVS 9.1.1: the signature is verified', () => {
  test('a token that the provider made is taken; changed in any part it is not', async () => {
    const authenticator = open();
    const token = await provider.token('jwt', 'ada');
    expect(await ask(authenticator, 'ada', token)).toMatchObject(ACCEPTED);
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'root' };
    const asRoot = Buffer.from(JSON.stringify(claims)).toString('base64url');
    expect(await ask(authenticator, 'root', `${header}.${asRoot}.${signature}`)).toEqual(denied('badSignature'));
    const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    expect(await ask(authenticator, 'ada', `${header}.${payload}.${flipped}`)).toEqual(denied('badSignature'));
    expect(await ask(authenticator, 'ada', `${header}.${payload}.`)).toEqual(denied('unknownUser'));
  });

  test("one signed with a stranger's key is not taken, by whatever name it calls the key", async () => {
    const authenticator = open();
    const { privateKey } = await generateKeyPair('ES256');
    const claims = provider.claims('ada');
    for (const [kid, cause] of [
      [provider.publicKey.kid, 'badSignature'],
      ['stranger', 'unknownKey'],
      [undefined, 'unknownKey'],
      [{ toString: 'x' }, 'unknownKey'],
      ['__proto__', 'unknownKey'],
    ] as const) {
      const header = { alg: 'ES256', typ: 'at+jwt', ...(kid !== undefined && { kid: kid as string }) };
      const token = await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
      expect(await ask(authenticator, 'ada', token)).toEqual(denied(cause));
    }
  });
});

describe('ASVS 9.1.2: only algorithms that are allowed are taken', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  test.each(['none', 'None', 'NONE', 'nOnE', ''])('never %j', async (alg) => {
    const unsigned = `${encode({ alg, typ: 'at+jwt' })}.${encode(provider.claims('ada'))}.`;
    expect(await ask(open(), 'ada', unsigned)).toEqual(denied('unknownUser'));
    const cause = alg === '' ? 'malformedToken' : 'algorithmNotAllowed';
    expect(await ask(open(), 'ada', `${unsigned}AAAA`)).toEqual(denied(cause));
  });

  test.each(['HS256', 'HS384', 'HS512'])('%s with the public key as its secret', async (alg) => {
    const { publicKey } = provider;
    const pem = createPublicKey({ key: publicKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    for (const secret of [pem as string, JSON.stringify(publicKey), publicKey.x as string]) {
      const token = await new SignJWT(provider.claims('ada'))
        .setProtectedHeader({ alg, typ: 'at+jwt', kid: publicKey.kid as string })
        .sign(new TextEncoder().encode(secret));
      expect(await ask(open(), 'ada', token)).toEqual(denied('algorithmNotAllowed'));
      expect(await ask(open({ publicKeys: [pem as string] }), 'ada', token)).toEqual(denied('algorithmNotAllowed'));
    }
  });

  test.each(['none', 'HS256', 'dir', 'ES256K', 'es256', 'RSA1_5'])('%s cannot even be configured', (algorithm) => {
    expect(() => open({ algorithms: ['ES256', algorithm] })).toThrow(ConfigurationError);
  });

  test('one that is allowed in general is not, if the operator names others', async () => {
    const token = await provider.token('jwt', 'ada');
    expect(await ask(open({ algorithms: ['RS256'] }), 'ada', token)).toEqual(denied('algorithmNotAllowed'));
    expect(await ask(open({ algorithms: ['ES256'] }), 'ada', token)).toMatchObject(ACCEPTED);
  });
});

test('ASVS 9.1.3: no key comes from the token, nor from where it points', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const before = { ...provider.requests };
  const authenticator = open({ publicKeys: [provider.publicKey] });
  for (const header of [
    { jwk },
    { jku: `${provider.issuer}/attacker` },
    { x5u: `${provider.issuer}/attacker`, x5c: ['AAAA'] },
  ]) {
    for (const kid of ['stranger', provider.publicKey.kid as string]) {
      const token = await new SignJWT(provider.claims('ada'))
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header })
        .sign(privateKey);
      expect(await ask(authenticator, 'ada', token)).toMatchObject({ outcome: 'denied' });
    }
  }
  expect(provider.requests).toEqual(before);
});

describe('ASVS 9.2.1: a token counts within its time', () => {
  const now = 1_800_000_000;
  const clock = simulatedClock({ startAt: now * 1000 });
  const cases: [string, Record<string, unknown>, string | undefined][] = [
    ['it has just ended, within the tolerance', { exp: now - 4 }, undefined],
    ['it ended before the tolerance', { exp: now - 5 }, 'expired'],
    ['it begins within the tolerance', { nbf: now + 5 }, undefined],
    ['it begins later', { nbf: now + 6 }, 'notYetValid'],
    ['it has no end', { exp: undefined }, 'wrongExpiry'],
    ['its end is no number', { exp: String(now + 60) }, 'wrongExpiry'],
    ['its end is null', { exp: null }, 'wrongExpiry'],
    ['its beginning is no number', { nbf: 'now' }, 'notYetValid'],
    ['it was issued long ago', { iat: now - 1_000_000 }, undefined],
  ];
  test.each(cases)('%s', async (_, claims, cause) => {
    const token = await provider.sign({ ...provider.claims('ada'), iat: now, exp: now + 60, ...claims });
    const outcome = await ask(open({ clock, publicKeys: [provider.publicKey] }), 'ada', token);
    expect(outcome).toMatchObject(cause === undefined ? ACCEPTED : denied(cause));
  });

  test.each([
    ['not older than it may be', now - 65, undefined],
    ['too old', now - 66, 'expired'],
    ['issued in the future', now + 6, 'wrongIssueTime'],
    ['without a time of issue', undefined, 'wrongIssueTime'],
  ])('by maxTokenAge: %s', async (_, iat, cause) => {
    const token = await provider.sign({ ...provider.claims('ada'), exp: now + 600, iat });
    const authenticator = open({ clock, publicKeys: [provider.publicKey], maxTokenAge: 60_000 });
    expect(await ask(authenticator, 'ada', token)).toMatchObject(cause === undefined ? ACCEPTED : denied(cause));
  });

  test('the outcome says until when: its end, or that of its greatest age', async () => {
    const token = await provider.sign({ ...provider.claims('ada'), iat: now - 10, exp: now + 60 });
    const publicKeys = [provider.publicKey];
    expect(await ask(open({ clock, publicKeys }), 'ada', token)).toMatchObject({ expiresAt: (now + 60) * 1000 });
    expect(await ask(open({ clock, publicKeys, maxTokenAge: 30_000 }), 'ada', token)).toMatchObject({
      expiresAt: (now + 20) * 1000,
    });
  });

  test('the tolerance is bounded', () => {
    for (const clockTolerance of [300_001, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => open({ clockTolerance })).toThrow(/clockTolerance/);
  });
});

describe('ASVS 9.2.2, RFC 9068 §4: a token for something else is none', () => {
  test.each(['JWT', 'dpop+jwt', 'logout+jwt', 'application/jwt', '', undefined, 1, ['at+jwt']])(
    'typ %j',
    async (typ) => {
      const token = await provider.sign(provider.claims('ada'), { typ: typ as string });
      expect(await ask(open(), 'ada', token)).toEqual(denied('wrongType'));
      expect(await ask(open({ typ: false }), 'ada', token)).toMatchObject(ACCEPTED);
    },
  );

  test.each(['at+jwt', 'application/at+jwt', 'AT+JWT'])('but typ %j is that of an access token', async (typ) => {
    expect(await ask(open(), 'ada', await provider.sign(provider.claims('ada'), { typ }))).toMatchObject(ACCEPTED);
  });

  test('one that is bound to a key of its holder', async () => {
    const token = await provider.sign({ ...provider.claims('ada'), cnf: { jkt: 'marked-thumbprint' } });
    expect(await ask(open(), 'ada', token)).toEqual(denied('boundToken'));
  });

  test('one with an extension that must be understood', async () => {
    const token = await new SignJWT(provider.claims('ada'))
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', crit: ['exp'], exp: 1 })
      .sign((await generateKeyPair('ES256')).privateKey, { crit: { exp: true } });
    expect(await ask(open(), 'ada', token)).toEqual(denied('malformedToken'));
  });

  test('an encrypted one', async () => {
    const token = await new EncryptJWT(provider.claims('ada'))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(new Uint8Array(32));
    expect(await ask(open(), 'ada', token)).toEqual(denied('unknownUser'));
  });
});

describe('ASVS 9.2.3, RFC 9068 §4: a token is from this issuer, and for this service', () => {
  test.each([
    ['another', 'https://other.example.com'],
    ['a longer one', `${AUDIENCE}/`],
    ['a part of it', AUDIENCE.slice(0, -1)],
    ['in other letters', AUDIENCE.toUpperCase()],
    ['none', undefined],
    ['no text', { [AUDIENCE]: true }],
    ['a list without it', ['https://other.example.com']],
    ['an empty list', []],
    ['a list in a list', [[AUDIENCE]]],
  ])('audience: %s', async (_, aud) => {
    const token = await provider.sign({ ...provider.claims('ada'), aud });
    expect(await ask(open(), 'ada', token)).toEqual(denied('wrongAudience'));
  });

  test('audience: it may be one of several, on either side', async () => {
    const token = await provider.sign({ ...provider.claims('ada'), aud: ['https://other.example.com', AUDIENCE] });
    expect(await ask(open(), 'ada', token)).toMatchObject(ACCEPTED);
    expect(await ask(open({ audience: ['urn:old', AUDIENCE] }), 'ada', token)).toMatchObject(ACCEPTED);
  });

  test.each([
    ['another', () => 'https://other.example.com'],
    ['with a slash', () => `${provider.issuer}/`],
    ['a part of it', () => provider.issuer.slice(0, -1)],
    ['none', () => undefined],
    ['a list with it', () => [provider.issuer]],
  ])('issuer: %s; it is not asked for its keys', async (_, issuer) => {
    const before = { ...provider.requests };
    const token = await provider.sign({ ...provider.claims('ada'), iss: issuer() });
    expect(await ask(open(), 'ada', token)).toEqual(denied('unknownUser'));
    expect(provider.requests).toEqual(before);
  });
});

describe('keys that are given', () => {
  test('in PEM or as JSON Web Keys, each is tried, and nothing is fetched', async () => {
    const before = { ...provider.requests };
    const stranger = await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey);
    const pemOf = (key: JWK) =>
      createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string;
    const token = await provider.token('jwt', 'ada');
    for (const publicKeys of [
      [pemOf(provider.publicKey)],
      [pemOf(stranger), pemOf(provider.publicKey)],
      [stranger, { ...provider.publicKey, kid: 'by another name' }],
    ]) {
      const authenticator = open({ issuer: provider.issuer, publicKeys });
      expect(await ask(authenticator, 'ada', token)).toMatchObject(ACCEPTED);
      await authenticator.probe({ signal: new AbortController().signal });
    }
    expect(await ask(open({ publicKeys: [stranger] }), 'ada', token)).toEqual(denied('badSignature'));
    expect(await ask(open({ publicKeys: [pemOf(stranger), stranger] }), 'ada', token)).toEqual(denied('unknownKey'));
    expect(provider.requests).toEqual(before);
  });
});

describe('options that cannot work', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  test.each<[RegExp, Record<string, unknown>]>([
    [/issuer must be/, { issuer: undefined }],
    [/issuer would have secrets go in clear/, { issuer: 'http://id.example.com' }],
    [/issuer must begin with https/, { issuer: 'urn:issuer' }],
    [/jwksUri must/, { jwksUri: '/jwks' }],
    [/audience must/, { audience: undefined }],
    [/audience must/, { audience: [''] }],
    [/publicKeys must be/, { publicKeys: [] }],
    [/publicKeys\[0\] is a private key/, { publicKeys: [privateKey.export({ type: 'pkcs8', format: 'pem' })] }],
    [/publicKeys\[0\] is a private key/, { publicKeys: [privateKey.export({ format: 'jwk' })] }],
    [/publicKeys\[0\] is no public key/, { publicKeys: [{ kty: 'oct', k: 'bWFya2Vk' }] }],
    [/publicKeys\[0\] is no public key/, { publicKeys: ['marked-key'] }],
    [/less than 2,048 bits/, { publicKeys: [weak.export({ format: 'jwk' })] }],
    [/not both/, { publicKeys: [weak.export({ format: 'jwk' })], jwksUri: 'https://id.example.com/jwks' }],
    [/algorithms must be a list/, { algorithms: [] }],
    [/typ must/, { typ: '' }],
    [/usernameClaim must/, { usernameClaim: '' }],
    [/groupsClaim must/, { groupsClaim: [] }],
    [/maxTokenAge must/, { maxTokenAge: 0 }],
    [/keysMaxAge must/, { keysMaxAge: -1 }],
    [/keysCooldown must.*less than timeout/, { keysCooldown: 4_000 }],
    [/maxWaiting must/, { maxWaiting: 0 }],
    [/timeout must/, { timeout: 1.5 }],
    [/ca must/, { ca: 'marked-ca' }],
    [/no option Issuer. Is issuer meant/, { Issuer: 'https://id.example.com' }],
    [/no option maxConnections/, { maxConnections: 1 }],
  ])('%s', (message, options) => {
    let error: unknown;
    try {
      jwtAuthenticator({ ...defaults(), ...options } as never);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^jwt cannot work/);
    expect((error as Error).message).not.toMatch(/marked-|PRIVATE KEY|bWFya2Vk/);
  });
});

describe('who it is', () => {
  const outcome = async (
    claims: Record<string, unknown>,
    username: string,
    options: Partial<JwtAuthenticatorOptions> = {},
  ) => ask(open(options), username, await provider.sign({ ...provider.claims('ada'), ...claims }));

  test.each(['Ada', 'ada ', ' ada', 'ada\0', 'ad', 'аda', '', 'toString'])('%j is not ada', async (username) => {
    expect(await outcome({}, username)).toEqual(denied('otherUser'));
  });

  test.each([1, null, true, ['ada'], { ada: true }, ''])('%j names nobody', async (sub) => {
    expect(await outcome({ sub }, String(sub))).toEqual(denied('noUserName'));
  });

  test('by another claim, also one within another, which must be its own', async () => {
    const claims = { preferred_username: 'a.lovelace', user: { name: 'ädä 😀' } };
    expect(await outcome(claims, 'a.lovelace', { usernameClaim: 'preferred_username' })).toMatchObject({
      user: 'a.lovelace',
    });
    expect(await outcome(claims, 'ädä 😀', { usernameClaim: ['user', 'name'] })).toMatchObject({ user: 'ädä 😀' });
    expect(await outcome(claims, 'Object', { usernameClaim: ['constructor', 'name'] })).toEqual(denied('noUserName'));
  });

  test('with groups, claims and the like of them', async () => {
    const claims = { realm_access: { roles: ['staff'] }, department: 'engines', one: 'staff' };
    const groupsClaim = ['realm_access', 'roles'];
    expect(await outcome(claims, 'ada', { groupsClaim })).toMatchObject({
      groups: ['staff'],
      claims: { department: 'engines', sub: 'ada' },
    });
    expect(await outcome(claims, 'ada', { groupsClaim: 'one' })).toMatchObject({ groups: ['staff'] });
    expect(await outcome(claims, 'ada', { groupsClaim: 'absent' })).toMatchObject({ groups: undefined });
  });

  test.each([1, null, [1], ['staff', null], { staff: true }])('groups of %j are a fault', async (groups) => {
    await expect(outcome({ groups }, 'ada', { groupsClaim: 'groups' })).rejects.toThrow(BackendFaultError);
  });

  test('groups that are somewhere else are a fault, not none', async () => {
    const claims = { _claim_names: { groups: 'src1' }, _claim_sources: { src1: { endpoint: 'https://example.com' } } };
    await expect(outcome(claims, 'ada', { groupsClaim: 'groups' })).rejects.toThrow(/only where they are/);
  });

  test('groups that cannot be told of another user are not looked at', async () => {
    expect(await outcome({ groups: 1 }, 'bob', { groupsClaim: 'groups' })).toEqual(denied('otherUser'));
  });
});
