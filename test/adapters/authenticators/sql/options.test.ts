import { describe, expect, test } from '@jest/globals';
import {
  type PostgresqlOptions,
  type SqlAuthenticatorOptions,
  type SqlUsersOptions,
  sqlAuthenticator,
} from '../../../../src/adapters/authenticators/sql.js';
import { ConfigurationError } from '../../../../src/model/errors.js';

const SQLITE = { dialect: 'sqlite', path: 'users.db', query: 'SELECT secret_hash FROM users WHERE name = ?' } as const;
const POSTGRESQL = {
  dialect: 'postgresql',
  host: 'db.example.com',
  database: 'app',
  user: 'app',
  query: 'SELECT secret_hash FROM users WHERE name = $1',
} as const;

function problemsOf(options: object): readonly string[] {
  try {
    sqlAuthenticator(options as SqlAuthenticatorOptions);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe('options that cannot work', () => {
  test('are told all at once, by the name of the authenticator', () => {
    const options = { ...SQLITE, name: 'shop', path: '', query: '', timeout: 0 };
    expect(problemsOf(options)).toHaveLength(3);
    expect(() => sqlAuthenticator(options)).toThrow(/^shop cannot work: path must be given\. query must be/);
  });

  test('no secret is in what is told', () => {
    const options = { ...POSTGRESQL, password: 'marked-database-secret', tls: 'on' };
    expect(JSON.stringify(problemsOf(options))).not.toContain('marked');
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ dialect: 'mysql' }, /dialect must be postgresql or sqlite/],
    [{ path: 'users.db' }, /has no option path/],
    [{ Host: 'x' }, /has no option Host\. Is host meant\?/],
    [{ host: '' }, /host must be given/],
    [{ host: undefined }, /host must be given/],
    [{ database: 'a\0b' }, /database must be given/],
    [{ user: 7 }, /user must be given/],
    [{ port: 0 }, /port must be from 1 to 65535/],
    [{ port: 65_536 }, /port must be from 1 to 65535/],
    [{ tls: 'on' }, /tls must be verified, unverified or off/],
    [{ tls: false }, /tls must be verified, unverified or off/],
    [{ host: '/run/postgresql', tls: 'verified' }, /tls must be off for a Unix socket/],
    [{ tls: 'unverified', ca: 'x' }, /ca is of use with tls verified alone/],
    [{ ca: 'marked-no-pem' }, /ca must hold certificates in PEM/],
    [{ connectTimeout: 0 }, /connectTimeout must be a positive integer/],
    [{ idleTimeout: 2 ** 31 }, /idleTimeout must be a positive integer/],
    [{ timeout: 1.5 }, /timeout must be a positive integer/],
    [{ maxConnections: 0 }, /maxConnections must be an integer of at least 1/],
    [{ maxQueued: -1 }, /maxQueued must be an integer of at least 0/],
    [{ maxConcurrentVerifications: 0 }, /maxConcurrentVerifications must be/],
    [{ maxQueuedVerifications: Number.NaN }, /maxQueuedVerifications must be/],
    [{ claims: ['secret_hash'] }, /claims must be names of columns, and not secret_hash/],
    [{ claims: 'mail' }, /claims must be names of columns/],
    [{ decoyHash: 'marked' }, /decoyHash is no hash of a known scheme/],
    [{ host: 'postgres://app:marked-secret@127.0.0.1/app' }, /^host must be a host name.*no URL, and no port\.$/],
    [{ host: '127.0.0.1:5432' }, /^host must be a host name/],
    [{ query: "SELECT '$1'" }, /query must have the placeholder \$1, and no other/],
    [{ query: 'SELECT $1, $2' }, /query must have the placeholder \$1, and no other/],
    [{ query: 'SELECT ?' }, /query must have the placeholder \$1/],
    [{ upgrade: 'UPDATE t SET h = $1 WHERE n = $2' }, /upgrade must have the placeholders \$1, \$2, \$3, and no other/],
    [{ upgrade: ' ' }, /upgrade must be a statement in SQL/],
  ])('PostgreSQL: %j', (wrong, problem) => {
    const problems = problemsOf({ ...POSTGRESQL, ...wrong });
    expect(problems).toContainEqual(expect.stringMatching(problem));
    expect(problems.join()).not.toContain('marked-secret');
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ host: 'x' }, /has no option host/],
    [{ path: undefined }, /path must be given/],
    [{ query: 'SELECT 1' }, /query must have 1 of the placeholder \?, and no other/],
    [{ query: 'SELECT ? WHERE x = ?' }, /query must have 1 of the placeholder/],
    [{ query: "SELECT '?' -- ?" }, /query must have 1 of the placeholder/],
    [{ query: 'SELECT ?1' }, /query must have 1 of the placeholder/],
    [{ query: 'SELECT :name' }, /query must have 1 of the placeholder/],
    [{ query: 'SELECT ?, $name' }, /query must have 1 of the placeholder/],
    [{ upgrade: 'UPDATE t SET h = ? WHERE n = ?' }, /upgrade must have 3 of the placeholder/],
  ])('SQLite: %j', (wrong, problem) => {
    expect(problemsOf({ ...SQLITE, ...wrong })).toContainEqual(expect.stringMatching(problem));
  });

  test.each<Partial<SqlUsersOptions & PostgresqlOptions>>([
    {},
    { host: '127.0.0.1', tls: 'verified' },
    { host: '::1' },
    { host: '/run/postgresql' },
    { query: `SELECT secret_hash, '$2 or ?' AS "a $3" FROM users /* $4 */ WHERE name = $1 OR mail = $1 -- $5` },
    { upgrade: 'UPDATE users SET hash = $1, changed = now() WHERE name = $2 AND hash = $3' },
    { decoyHash: '$2y$12$abcdefghijklmnopqrstuuxSbj0hT2..hjWKJtht/F6.r7Io9Hc62' },
  ])('what can work is taken: %j', (options) => {
    expect(problemsOf({ ...POSTGRESQL, ...options })).toEqual([]);
  });
});

test('nothing is opened before somebody asks', async () => {
  const authenticator = sqlAuthenticator({ ...SQLITE, path: '/nowhere/users.db', name: 'shop' });
  expect(authenticator.name).toBe('shop');
  await authenticator.close();
  await sqlAuthenticator(POSTGRESQL).close();
});
