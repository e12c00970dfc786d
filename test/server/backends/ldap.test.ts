import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ConfigurationError, Secret } from '../../../src/index.js';
import { openBackends } from '../../../src/server/backends/open-backends.js';
import { loadServerConfig } from '../../../src/server/load-config.js';
import { createLogger } from '../../../src/server/logging/logger.js';
import { describeWith, findCommand, openssl, slapd as requirement } from '../../support/requires.js';
import { selfSigned } from '../../support/self-signed.js';
import { GROUPS, PEOPLE, SERVICE, Slapd } from '../../support/slapd.js';
import { tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const environment = { LDAP_PASSWORD: SERVICE.password };
writeFileSync(join(folder, 'ldap-password'), `${SERVICE.password}\n`, { mode: 0o600 });

async function load(settings: object) {
  const authenticator = { type: 'ldap', ...settings };
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify({ authenticator }));
  return (await loadServerConfig({ environment, folder })).config;
}

async function open(settings: object) {
  const config = await load(settings);
  expect(JSON.stringify(config)).not.toContain(SERVICE.password);
  return openBackends(config, { logger: await createLogger({ level: 'silent' }), environment });
}

describeWith(requirement, 'ldap in the configuration', (command) => {
  let slapd: Slapd;

  beforeAll(async () => {
    const tls = selfSigned(findCommand(openssl.command) as string);
    writeFileSync(join(folder, 'ca.pem'), tls.cert);
    slapd = await Slapd.start(command, tls);
    const ada = await slapd.addUser('ada', 'Marked-Secret-Ada', { mail: 'ada@example.com' });
    await slapd.addGroup('staff', [ada]);
  });
  afterAll(() => slapd?.stop());

  test.each([
    ['a variable', { env: 'LDAP_PASSWORD' }],
    ['a file', { file: 'ldap-password' }],
  ])('a directory is asked as it is configured, with the password from %s', async (_, bindPassword) => {
    const account = { bindDn: SERVICE.dn, bindPassword };
    const groups = { groups: 'search', groupBase: GROUPS, attributes: ['mail'] };
    const backends = await open({ url: [slapd.ldapsUrl], ca: 'ca.pem', ...account, userBase: PEOPLE, ...groups });
    const credentials = { username: 'ada', secret: new Secret('Marked-Secret-Ada') };
    expect(await backends.authenticator.authenticate(credentials, new AbortController())).toEqual({
      outcome: 'authenticated',
      user: 'ada',
      groups: ['staff'],
      claims: { mail: 'ada@example.com' },
    });
    await backends.authenticator.probe?.(new AbortController());
    await backends.close();
  });
});

test.each([
  [{}, [/^authenticator\.url: /]],
  [{ url: [] }, [/^authenticator\.url/]],
  [{ url: 'ldaps://h', bindPassword: 'marked-secret' }, [/^authenticator\.bindPassword: it must be/]],
  [{ url: 'ldaps://h', bindPassword: { env: 'UNSET' } }, [/bindPassword\.env: .* UNSET is not set/]],
  [
    { url: 'ldaps://h', bindPassword: { env: 'the-secret-itself' } },
    [/bindPassword\.env: it must be the name of an environment variable, never the secret itself/],
  ],
  [{ url: 'ldaps://h', ca: 'absent.pem' }, [/^authenticator\.ca: there is no file/]],
  [{ url: 'ldaps://h', userbase: 'dc=x', groups: 'all' }, [/groups: it must be/, /userbase: .*Is userBase meant/]],
])('what is wrong is told with its setting: %j', async (settings, expected) => {
  const error = await load(settings).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ConfigurationError);
  const { problems } = error as ConfigurationError;
  expect([...problems].sort()).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  expect(String(error)).not.toMatch(/marked-secret|the-secret-itself/);
});

test('what fits no directory is told before anything is asked', async () => {
  await expect(open({ url: 'ldap://ldap.example.com', userBase: 'dc=example' })).rejects.toThrow(
    /Secrets would go to ldap:\/\/ldap\.example\.com in clear/,
  );
});
