import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { loadSqliteDriver } from '../../../src/adapters/sqlite-driver/driver.js';
import { ConfigurationError, Secret } from '../../../src/index.js';
import { openBackends } from '../../../src/server/backends/open-backends.js';
import { probeBackends } from '../../../src/server/backends/probe-backends.js';
import { loadServerConfig } from '../../../src/server/load-config.js';
import { createLogger } from '../../../src/server/logging/logger.js';
import { sqlLog } from '../../../src/server/logging/sql-log.js';
import { ACCOUNT, Postgres } from '../../support/postgres.js';
import { describeWith, postgresql } from '../../support/requires.js';
import { tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const logger = await createLogger({ level: 'silent' });
const environment = { DB_PASSWORD: ACCOUNT.password };
const ADA = { username: 'ada', secret: new Secret('marked-user-secret-1') };
const HASH = `{SHA}${createHash('sha1').update('marked-user-secret-1').digest('base64')}`;
const SQL = `CREATE TABLE users (name text PRIMARY KEY, hash text, mail text);
  INSERT INTO users VALUES ('ada', '${HASH}', 'ada@example.com')`;
const QUERY = 'SELECT hash AS secret_hash, mail FROM users WHERE name = ';

async function load(settings: object) {
  const authenticator = { type: 'sql', ...settings };
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify({ authenticator }));
  return (await loadServerConfig({ environment, folder })).config;
}

async function expectAda(settings: object): Promise<void> {
  const config = await load({ claims: ['mail'], ...settings });
  expect(JSON.stringify(config)).not.toContain(ACCOUNT.password);
  const backends = await openBackends(config, { logger, environment });
  expect(await probeBackends(backends, 5_000)).toContainEqual(
    expect.objectContaining({ place: 'authenticator', outcome: 'answered' }),
  );
  expect(await backends.authenticator.authenticate(ADA, new AbortController())).toMatchObject({
    outcome: 'authenticated',
    user: 'ada',
    claims: { mail: 'ada@example.com' },
  });
  await backends.close();
}

test('a SQLite file is asked as it is configured', async () => {
  const connection = (await loadSqliteDriver()).open(join(folder, 'users.db'), 'readWrite');
  connection.exec(SQL);
  connection.close();
  await expectAda({ dialect: 'sqlite', path: 'users.db', query: `${QUERY}?` });
});

describeWith(postgresql, 'with PostgreSQL', () => {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await Postgres.start();
    await postgres.sql(`${SQL}; GRANT SELECT ON users TO ${ACCOUNT.user}`);
    writeFileSync(join(folder, 'db-password'), `${ACCOUNT.password}\n`, { mode: 0o600 });
  }, 60_000);
  afterAll(() => postgres?.stop());

  test.each([{ env: 'DB_PASSWORD' }, { file: 'db-password' }])('its password is in %j', async (password) => {
    const { port } = postgres;
    const where = { host: '127.0.0.1', port, database: 'postgres', user: ACCOUNT.user, password };
    await expectAda({ dialect: 'postgresql', ...where, query: `${QUERY}$1` });
  });
});

test.each<[object, RegExp[]]>([
  [{}, [/^authenticator\.dialect: /, /^authenticator\.query: it is missing/]],
  [{ dialect: 'mysql', query: 'x' }, [/^authenticator\.dialect: it must be postgresql or sqlite/]],
  [{ dialect: 'sqlite', query: 'x', path: 'absent.db' }, [/^authenticator\.path: there is no file/]],
  [{ dialect: 'postgresql', query: 'x', password: 'marked-database-secret' }, [/^authenticator\.password: it must be/]],
  [{ dialect: 'postgresql', query: 'x', Host: 'a' }, [/^authenticator\.Host: there is no such setting.*Is host meant/]],
])('what is wrong is told with its setting, and never with a secret: %j', async (settings, expected) => {
  const error = await load(settings).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(ConfigurationError);
  const { problems } = error as ConfigurationError;
  expect([...problems].sort()).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  expect(String(error)).not.toContain('marked-database-secret');
});

test('what does not go with the dialect is told as it is opened', async () => {
  writeFileSync(join(folder, 'some.db'), '');
  const config = await load({ dialect: 'sqlite', query: `${QUERY}?`, path: 'some.db', host: 'db.example.com' });
  await expect(openBackends(config, { logger, environment })).rejects.toThrow(/has no option host/);
});

test('weak hashes and upgrades that failed are logged', () => {
  const log = { warn: jest.fn(), error: jest.fn() };
  const { onWeakHash, onUpgradeError } = sqlLog('corp', log as never);
  onWeakHash({ user: 'eve\u2028', scheme: 'sha1' });
  onUpgradeError(new ConfigurationError('broken'));
  expect(log.warn).toHaveBeenCalledWith(
    { event: 'weak_hash', backend: 'corp', user: 'eve\\u{2028}', scheme: 'sha1' },
    expect.any(String),
  );
  expect(log.error).toHaveBeenCalledWith(
    { event: 'hash_upgrade_failed', backend: 'corp', cause: 'ConfigurationError (invalid_configuration): broken' },
    expect.any(String),
  );
});
