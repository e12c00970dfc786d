import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openBackends } from '../../../src/server/backends/open-backends.js';
import { probeBackends } from '../../../src/server/backends/probe-backends.js';
import { loadServerConfig } from '../../../src/server/load-config.js';
import { createLogger } from '../../../src/server/logging/logger.js';
import { authenticatedInit } from '../../support/authenticated-init.js';
import { authorizedInit } from '../../support/authorized-init.js';
import { describeWith, openssl } from '../../support/requires.js';
import { selfSigned } from '../../support/self-signed.js';
import { tempFolder } from '../../support/temp-folder.js';
import { type Answer, type Received, type WebService, webService } from '../../support/web-service.js';

const folder = tempFolder();
const logger = await createLogger({ level: 'silent' });
const environment = { WEBHOOK_TOKEN: 'marked-token', SIGNING_SECRET: `whsec_${'bWFya2Vk'.repeat(4)}` };

async function open(authenticator: object, authorizer: object = { type: 'allow-all' }) {
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify({ authenticator, authorizer }));
  const { config } = await loadServerConfig({ environment, folder });
  return openBackends(config, { logger, environment });
}

describeWith(openssl, 'http in the configuration of the server', (command) => {
  let service: WebService;

  /** Both services in one, which want a client certificate, a token and, of the authenticator, a signature. */
  function answer({ path, headers, body }: Received): Answer {
    if (headers.authorization !== 'Bearer marked-token') return { status: 401 };
    const { username, input } = JSON.parse(body);
    if (path === '/allow') return { json: { result: input.user === 'ada' } };
    if (headers['webhook-signature'] === undefined) return { status: 401 };
    return username === 'nobody' || username.startsWith('session-init-probe')
      ? { status: 401, json: { cause: 'unknownUser' } }
      : { json: { user: username } };
  }

  beforeAll(async () => {
    const [server, client] = [selfSigned(command), selfSigned(command)];
    service = await webService(answer, { ...server, ca: client.cert, requestCert: true });
    for (const [name, text] of Object.entries({
      'ca.pem': server.cert,
      'client.pem': client.cert,
      'client.key': client.key,
      token: 'marked-token\n',
    })) {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    }
  });
  afterAll(() => service.stop());

  const tls = { ca: 'ca.pem', cert: 'client.pem', key: { file: 'client.key' } };

  test('is opened as it is configured, and probed', async () => {
    const backends = await open(
      {
        type: 'http',
        url: `${service.origin}/check`,
        token: { file: 'token' },
        signingSecret: { env: 'SIGNING_SECRET' },
        ...tls,
        resilience: {},
        cache: {},
      },
      {
        type: 'http',
        url: `${service.origin}/allow`,
        token: { env: 'WEBHOOK_TOKEN' },
        ...tls,
        timeout: 60_000,
        resilience: {},
      },
    );
    const { authenticator, authorizer } = backends;
    const login = (username: string) => authenticatedInit(authenticator, { username, secret: 'marked-user-secret-1' });
    expect([authenticator.name, authorizer.name]).toEqual(['http', 'http']);
    expect(await login('ada')).toMatchObject({ reason: 'authorized' });
    expect(await login('nobody')).toMatchObject({ reason: 'AUTHENTICATION_DENIED', cause: 'unknownUser' });
    expect(await authorizedInit(authorizer, { user: 'ada' })).toMatchObject({ reason: 'authorized' });
    expect(await authorizedInit(authorizer, { user: 'eve' })).toMatchObject({ reason: 'USER_NOT_AUTHORIZED' });
    expect((await probeBackends(backends, 60_000)).filter(({ place }) => place.startsWith('auth'))).toEqual([
      { place: 'authenticator', backend: 'http', outcome: 'answered' },
      { place: 'authorizer', backend: 'http', outcome: 'answered' },
    ]);
    await backends.close();
  });

  test.each<[object, RegExp]>([
    [{}, /authenticator\.url: it is missing/],
    [{ url: 'http://auth.example.com' }, /url would have secrets go in clear/],
    [{ url: 'https://auth.example.com', token: 'marked-token' }, /token/],
    [{ url: 'https://auth.example.com', token: { env: 'ABSENT' } }, /ABSENT is not set/],
    [{ url: 'https://auth.example.com', signingSecret: { env: 'WEBHOOK_TOKEN' } }, /signingSecret must be whsec_/],
    [{ url: 'https://auth.example.com', cert: 'client.pem' }, /cert and key need each other/],
    [{ url: 'https://auth.example.com', ca: 'absent.pem' }, /authenticator\.ca: .*absent\.pem/],
  ])('%j is a clear error when the server starts', async (settings, message) => {
    const error: unknown = await open({ type: 'http', ...settings }).catch((cause: unknown) => cause);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('marked-');
  });
});
