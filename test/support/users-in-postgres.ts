import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import {
  type PostgresqlOptions,
  type SqlAuthenticator,
  type SqlUsersOptions,
  sqlAuthenticator,
} from '../../src/adapters/authenticators/sql.js';
import { Secret } from '../../src/model/secret.js';
import { closeAfterTest } from './close-after-test.js';
import { ACCOUNT, Postgres } from './postgres.js';

export type SqlUsersInPostgresOptions = Partial<PostgresqlOptions & SqlUsersOptions>;

export const ADA = { username: 'ada', secret: 'Marked-Secret-ü-1' };
export const BOB = { username: 'bob', secret: 'Marked-Secret-2' };
export const QUERY = 'SELECT hash AS secret_hash, groups, disabled, expires_at FROM users WHERE name = $1';
export const UPGRADE = 'UPDATE users SET hash = $1 WHERE name = $2 AND hash = $3';
const SCHEMA = `
  DROP TABLE IF EXISTS users;
  CREATE TABLE users (
    name text, hash text, groups text[], disabled boolean, expires_at timestamptz, mail text, big bigint, born date
  );
  GRANT SELECT, UPDATE ON users TO ${ACCOUNT.user};
`;

export const sha = (secret: string) => `{SHA}${createHash('sha1').update(secret).digest('base64')}`;
export const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** A table of users in a real PostgreSQL, made again for each test. To be called in `describe`. */
export function usersInPostgres() {
  let postgres: Postgres;

  beforeAll(async () => {
    postgres = await Postgres.start();
  }, 60_000);
  afterAll(() => postgres?.stop());
  beforeEach(() => postgres.sql(SCHEMA));

  function opened(options: SqlUsersInPostgresOptions = {}): SqlAuthenticator {
    const where = { dialect: 'postgresql', host: '127.0.0.1', port: postgres.port, database: 'postgres' } as const;
    return closeAfterTest(sqlAuthenticator({ ...where, ...ACCOUNT, query: QUERY, ...options }));
  }

  function add(user: { username: string; secret: string }, columns: Record<string, string> = {}) {
    const all = { name: quote(user.username), hash: quote(sha(user.secret)), ...columns };
    return postgres.sql(`INSERT INTO users (${Object.keys(all)}) VALUES (${Object.values(all)})`);
  }

  function ask(authenticator: SqlAuthenticator, username: string, secret: string) {
    return authenticator.authenticate({ username, secret: new Secret(secret) }, new AbortController());
  }

  return {
    sql: (statements: string) => postgres.sql(statements),
    get postgres() {
      return postgres;
    },
    /** Makes the table again. */
    empty: () => postgres.sql(SCHEMA),
    /** An authenticator that is closed after the test. */
    opened,
    add,
    ask,
  };
}
