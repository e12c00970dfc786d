import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openBackends } from '../../../src/server/backends/open-backends.js';
import { probeBackends } from '../../../src/server/backends/probe-backends.js';
import { loadServerConfig } from '../../../src/server/load-config.js';
import { createLogger } from '../../../src/server/logging/logger.js';
import { authenticatedInit } from '../../support/authenticated-init.js';
import { openLogFile } from '../../support/log-file.js';
import { AUDIENCE, CLIENT, OidcProvider } from '../../support/oidc-provider.js';
import { describeWith, openssl } from '../../support/requires.js';
import { selfSigned } from '../../support/self-signed.js';
import { tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const logger = await createLogger({ level: 'silent' });
const clientKey = generateKeyPairSync('ec', { namedCurve: 'P-256' });
let provider: OidcProvider;

beforeAll(async () => {
  provider = await OidcProvider.start({
    clientKeys: [{ ...clientKey.publicKey.export({ format: 'jwk' }), kid: 'key-1' } as never],
  });
  const pem = createPublicKey({ key: provider.publicKey, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  const files = {
    'issuer.pem': pem,
    'client.pem': clientKey.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'client-secret': `${CLIENT.secret}\n`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
});
afterAll(() => provider.stop());

async function open(authenticator: object, log = logger) {
  const configuration = { authenticator, authorizer: { type: 'allow-all' } };
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify(configuration));
  const environment = { CLIENT_SECRET: CLIENT.secret };
  const { config } = await loadServerConfig({ environment, folder });
  return openBackends(config, { logger: log, environment });
}

test.each<[string, 'jwt' | 'opaque', () => object]>([
  ['jwt', 'jwt', () => ({ groupsClaim: ['groups'] })],
  ['jwt', 'jwt', () => ({ jwksUri: `${provider.issuer}/jwks`, keysMaxAge: 60_000, timeout: 3_000, typ: 'at+jwt' })],
  ['jwt', 'jwt', () => ({ publicKeys: ['issuer.pem'], algorithms: ['ES256'], typ: false, resilience: {} })],
  ['introspection', 'opaque', () => ({ clientId: CLIENT.id, clientSecret: { file: 'client-secret' } })],
  ['introspection', 'opaque', () => ({ clientId: CLIENT.id, clientSecret: { env: 'CLIENT_SECRET' }, cache: {} })],
  [
    'introspection',
    'opaque',
    () => ({
      clientId: 'private-key-client',
      clientKey: { file: 'client.pem' },
      clientKeyId: 'key-1',
      scope: 'sessions',
    }),
  ],
])('%s is opened as it is configured, and probed', async (type, format, settings) => {
  const backends = await open({ type, issuer: provider.issuer, audience: AUDIENCE, ...settings() });
  expect(backends.authenticator.name).toBe(type);
  const secret = await provider.token(format, 'ada', { groups: ['staff'] });
  expect(await authenticatedInit(backends.authenticator, { username: 'ada', secret })).toMatchObject({
    reason: 'authorized',
  });
  expect(await authenticatedInit(backends.authenticator, { username: 'bob', secret })).toMatchObject({
    reason: 'AUTHENTICATION_DENIED',
  });
  expect(await probeBackends(backends, 5_000)).toContainEqual(
    expect.objectContaining({ place: 'authenticator', outcome: 'answered' }),
  );
  await backends.close();
});

test.each<[object, RegExp]>([
  [{ type: 'jwt', issuer: 'https://id.example.com' }, /audience: it is missing/],
  [{ type: 'jwt', issuer: 'http://id.example.com', audience: AUDIENCE }, /issuer would have secrets go in clear/],
  [{ type: 'jwt', issuer: 'https://id.example.com', audience: AUDIENCE, algorithms: ['HS256'] }, /cannot have HS256/],
  [{ type: 'jwt', issuer: 'https://id.example.com', audience: AUDIENCE, publicKeys: ['client.pem'] }, /private key/],
  [{ type: 'jwt', issuer: 'https://id.example.com', audience: AUDIENCE, ca: 'absent.pem' }, /absent\.pem/],
  [
    { type: 'introspection', issuer: 'https://id.example.com', audience: AUDIENCE, clientId: 'a', clientSecret: 'b' },
    /clientSecret/,
  ],
  [
    { type: 'introspection', issuer: 'https://id.example.com', audience: AUDIENCE, clientId: 'a' },
    /Either clientSecret/,
  ],
])('%j: a clear error when the server starts', async (settings, message) => {
  await expect(open(settings)).rejects.toThrow(message);
});

test('what the issuer does not answer is in the log, once', async () => {
  const log = await openLogFile({ level: 'trace', format: 'json' });
  const unreachable = { jwksUri: 'http://127.0.0.1:1/jwks', keysCooldown: 1 };
  const backends = await open({ type: 'jwt', issuer: provider.issuer, audience: AUDIENCE, ...unreachable }, log.logger);
  const secret = await provider.token('jwt', 'ada');
  for (let init = 0; init < 3; init += 1) {
    expect(await authenticatedInit(backends.authenticator, { username: 'ada', secret })).toMatchObject({
      reason: 'AUTHENTICATION_SYS_FAIL',
    });
  }
  await backends.close();
  expect(log.lines()).toEqual([
    expect.objectContaining({ level: 'error', event: 'keys_unavailable', backend: 'jwt', cause: expect.any(String) }),
  ]);
  log.close();
});

describeWith(openssl, 'with TLS', (command) => {
  test('the CA, the client certificate and its key are read from files', async () => {
    const { cert, key } = selfSigned(command);
    const files = { 'ca.pem': cert, 'tls.pem': cert, 'tls.key': key };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    const overTls = await OidcProvider.start({ tls: { cert, key } });
    const tls = { ca: 'ca.pem', cert: 'tls.pem', key: { file: 'tls.key' } };
    const client = { clientId: CLIENT.id, clientSecret: { file: 'client-secret' } };
    for (const [format, settings] of [
      ['jwt', { type: 'jwt' }],
      ['opaque', { type: 'introspection', ...client }],
    ] as const) {
      const backends = await open({ issuer: overTls.issuer, audience: AUDIENCE, ...settings, ...tls });
      const secret = await overTls.token(format, 'ada');
      expect(await authenticatedInit(backends.authenticator, { username: 'ada', secret })).toMatchObject({
        reason: 'authorized',
      });
      await backends.close();
    }
    await overTls.stop();
  });
});
