import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { ConfigurationError, Secret } from '../../../src/index.js';
import { openBackends } from '../../../src/server/backends/open-backends.js';
import { loadServerConfig } from '../../../src/server/load-config.js';
import { createLogger } from '../../../src/server/logging/logger.js';
import { answerTo, attributesOf, ScriptedRadiusServer } from '../../support/scripted-radius-server.js';
import { tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const logger = await createLogger({ level: 'silent' });
const environment = { RADIUS_SECRET: 'marked-shared-secret' };
writeFileSync(join(folder, 'radius-secret'), 'marked-file-secret\n', { mode: 0o600 });

const server = await ScriptedRadiusServer.start();
afterAll(() => server.close());

async function load(settings: object) {
  const authenticator = { type: 'radius', ...settings };
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify({ authenticator }));
  return (await loadServerConfig({ environment, folder })).config;
}

test.each([
  ['a variable', { env: 'RADIUS_SECRET' }, 'marked-shared-secret'],
  ['a file', { file: 'radius-secret' }, 'marked-file-secret'],
])('a server is asked as it is configured, with its secret from %s', async (_, source, secret) => {
  const servers = [{ host: '127.0.0.1', port: server.port, secret: source }];
  const config = await load({ servers, groups: 'Filter-Id', nasIdentifier: 'portal', nasIpAddress: '192.0.2.7' });
  expect(JSON.stringify(config)).not.toContain(secret);
  const backends = await openBackends(config, { logger, environment });
  server.script = (request) => [answerTo(request, { code: 2, secret, attributes: [[11, Buffer.from('staff')]] })];
  const credentials = { username: 'ada', secret: new Secret('marked-user-secret-1') };
  expect(await backends.authenticator.authenticate(credentials, new AbortController())).toEqual({
    outcome: 'authenticated',
    user: 'ada',
    groups: ['staff'],
  });
  const attributes = attributesOf(server.requests.at(-1)?.bytes as Buffer);
  expect(attributes.get(32)).toEqual(Buffer.from('portal'));
  expect(attributes.get(4)).toEqual(Buffer.from([192, 0, 2, 7]));
  await backends.close();
});

test.each([
  [{}, [/^authenticator\.servers: it is missing/]],
  [{ servers: [] }, [/^authenticator\.servers: /]],
  [{ servers: [{ host: 'a' }] }, [/^authenticator\.servers\.0\.secret: it is missing/]],
  [{ servers: [{ host: 'a', secret: 'marked-shared-secret' }] }, [/^authenticator\.servers\.0\.secret: it must be/]],
  [{ servers: [{ host: 'a', secret: { env: 'UNSET' } }] }, [/servers\.0\.secret\.env: .* UNSET is not set/]],
  [{ servers: [{ host: 'a', secret: { file: 'absent' } }] }, [/servers\.0\.secret\.file: there is no file/]],
  [
    { servers: [{ host: 'a', Port: 1, secret: { env: 'RADIUS_SECRET' } }], groups: 'class', timeout: 0 },
    [/groups: it must be Class or Filter-Id/, /servers\.0\.Port: there is no such setting.*Is port meant/, /timeout: /],
  ],
])('what is wrong is told with its setting, and never with a secret: %j', async (settings, expected) => {
  const error = await load(settings).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ConfigurationError);
  const { problems } = error as ConfigurationError;
  expect([...problems].sort()).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  expect(String(error)).not.toContain('marked-shared-secret');
});
