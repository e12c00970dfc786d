import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { introspectionAuthenticator } from '../../../src/adapters/authenticators/introspection.js';
import { jwtAuthenticator } from '../../../src/adapters/authenticators/jwt.js';
import type { HttpClientOptions } from '../../../src/adapters/http-client/options.js';
import type { Authenticator } from '../../../src/adapters/ports.js';
import { authenticatedInit } from '../../support/authenticated-init.js';
import { type Fault, FaultProxy } from '../../support/fault-proxy.js';
import { AUDIENCE, CLIENT, OidcProvider } from '../../support/oidc-provider.js';
import { describeWith, openssl } from '../../support/requires.js';
import { type SelfSigned, selfSigned } from '../../support/self-signed.js';

const AUTHORIZED = { reason: 'authorized' };
const FAULT = { reason: 'AUTHENTICATION_SYS_FAIL' };
const DENIED = { reason: 'AUTHENTICATION_DENIED' };

interface Subject {
  name: string;
  format: 'jwt' | 'opaque';
  /** One that asks `provider` in each init. */
  open(provider: OidcProvider, origin: string, options?: HttpClientOptions): Authenticator;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: 'jwt',
    format: 'jwt',
    open: ({ issuer }, origin, options) =>
      jwtAuthenticator({
        ...{ issuer, audience: AUDIENCE, jwksUri: `${origin}/jwks`, keysMaxAge: 1, keysCooldown: 1, timeout: 2_000 },
        ...options,
      }),
  },
  {
    name: 'introspection',
    format: 'opaque',
    open: ({ issuer }, origin, options) =>
      introspectionAuthenticator({
        ...{ issuer, audience: AUDIENCE, introspectionEndpoint: `${origin}/token/introspection`, timeout: 2_000 },
        ...{ clientId: CLIENT.id, clientSecret: CLIENT.secret },
        ...options,
      }),
  },
];

describe.each(SUBJECTS)('$name, when the network or the server fails', ({ format, open }) => {
  let provider: OidcProvider;
  let proxy: FaultProxy;
  let authenticator: Authenticator;
  let secret: string;
  const init = (username = 'ada') => authenticatedInit(authenticator, { username, secret });

  beforeEach(async () => {
    provider = await OidcProvider.start();
    proxy = await FaultProxy.start(provider.port);
    authenticator = open(provider, `http://127.0.0.1:${proxy.port}`);
    secret = await provider.token(format, 'ada');
  });
  afterEach(async () => {
    await authenticator.close?.();
    await proxy.close();
    await provider.stop();
  });

  test.each<[Fault, object]>([
    ['refuse', FAULT],
    ['cut', FAULT],
    ['garbage', FAULT],
    ['blackHole', FAULT],
    ['dribble', AUTHORIZED],
  ])('%s, from the start and between two inits: it recovers by itself, and shows no token', async (fault, result) => {
    for (const _ of ['from the start', 'between two inits']) {
      proxy.fault = fault;
      const failed = await init();
      expect(failed).toMatchObject(result);
      expect(inspect(failed, { depth: 10, showHidden: true })).not.toContain(secret);
      expect(failed.response).not.toMatch(/127\.0\.0\.1:|jwks|introspection/);
      expect(await authenticator.probe?.({ signal: new AbortController().signal }).then(...outcome)).toBe(
        result === AUTHORIZED,
      );
      proxy.fault = 'pass';
      expect(await init()).toMatchObject(AUTHORIZED);
      expect(await init('bob')).toMatchObject(DENIED);
    }
  });

  test('a server that is killed in the middle of inits fails those, and none after it is back', async () => {
    expect(await init()).toMatchObject(AUTHORIZED);
    let reached: () => void = () => {};
    const isReached = new Promise<void>((resolve) => {
      reached = resolve;
    });
    provider.interception = () => {
      reached();
      return true;
    };
    const underWay = [init(), init(), init()];
    await isReached;
    await provider.stop();
    for (const result of await Promise.all(underWay)) expect(result).toMatchObject(FAULT);
    expect(await init()).toMatchObject(FAULT);
    provider.interception = undefined;
    await provider.listen();
    expect(await init()).toMatchObject(AUTHORIZED);
  });

  test('many at once, over and over, while it comes and goes: each has the one or the other reason', async () => {
    const reasons = new Set<string>();
    for (const fault of ['pass', 'cut', 'garbage', 'refuse', 'pass'] as const) {
      proxy.fault = fault;
      const results = await Promise.all(Array.from({ length: 20 }, (_, call) => init(call % 2 === 0 ? 'ada' : 'bob')));
      for (const { reason } of results) reasons.add(reason);
    }
    expect([...reasons].sort()).toEqual(['AUTHENTICATION_DENIED', 'AUTHENTICATION_SYS_FAIL', 'authorized']);
    expect(await init()).toMatchObject(AUTHORIZED);
  });

  test('closed in the middle of an init, it ends it', async () => {
    proxy.fault = 'blackHole';
    const underWay = init();
    await new Promise((resolve) => setImmediate(resolve));
    await authenticator.close?.();
    expect(await underWay).toMatchObject(FAULT);
    expect(await init()).toMatchObject(FAULT);
  });
});

describeWith(openssl, 'over TLS', (command) => {
  const certificates: Record<string, SelfSigned> = {};
  const running: OidcProvider[] = [];

  beforeAll(() => {
    certificates['own'] = selfSigned(command);
    certificates['other'] = selfSigned(command);
    certificates['expired'] = selfSigned(command, { isExpired: true });
    certificates['elsewhere'] = selfSigned(command, { names: 'DNS:id.example.com' });
  });
  afterAll(async () => {
    for (const provider of running) await provider.stop();
  });

  describe.each(SUBJECTS)('$name', ({ format, open }) => {
    test.each([
      ['its own CA', 'own', 'own', AUTHORIZED],
      ['another CA', 'own', 'other', FAULT],
      ['the CAs of Node alone', 'own', undefined, FAULT],
      ['an expired certificate', 'expired', 'expired', FAULT],
      ['a certificate of another host', 'elsewhere', 'elsewhere', FAULT],
    ])('%s', async (_, served, trusted, result) => {
      const provider = await OidcProvider.start({ tls: certificates[served] as SelfSigned });
      running.push(provider);
      const ca = trusted === undefined ? undefined : (certificates[trusted] as SelfSigned).cert;
      const authenticator = open(provider, provider.issuer, { ...(ca !== undefined && { ca }) });
      const secret = await provider.token(format, 'ada');
      const init = await authenticatedInit(authenticator, { username: 'ada', secret });
      expect(init).toMatchObject(result);
      expect(inspect(init, { depth: 10, showHidden: true })).not.toContain(secret);
      expect(Object.keys(provider.requests)).toHaveLength(result === AUTHORIZED ? 1 : 0);
      await authenticator.close?.();
    });
  });

  test('discovery works there, too', async () => {
    const { cert, key } = certificates['own'] as SelfSigned;
    const provider = await OidcProvider.start({ tls: { cert, key } });
    running.push(provider);
    const { issuer } = provider;
    const client = { clientId: CLIENT.id, clientSecret: CLIENT.secret };
    for (const [format, authenticator] of [
      ['jwt', jwtAuthenticator({ issuer, audience: AUDIENCE, ca: cert })],
      ['opaque', introspectionAuthenticator({ issuer, audience: AUDIENCE, ca: cert, ...client })],
    ] as const) {
      const secret = await provider.token(format, 'ada');
      expect(await authenticatedInit(authenticator, { username: 'ada', secret })).toMatchObject(AUTHORIZED);
      await authenticator.close();
    }
  });
});

/** Whether a promise was fulfilled. */
const outcome = [() => true, () => false] as const;
