import { describe, expect, test } from '@jest/globals';
import { sqlAuthenticator } from '../../../../src/adapters/authenticators/sql.js';
import { authenticatorContract } from '../../../../src/testing/index.js';
import { closeAfterTest } from '../../../support/close-after-test.js';
import { ACCOUNT } from '../../../support/postgres.js';
import { describeWith, postgresql } from '../../../support/requires.js';
import { ADA, BOB, QUERY, quote, sha, UPGRADE, usersInPostgres } from '../../../support/users-in-postgres.js';

const { signal } = new AbortController();

describeWith(postgresql, 'the sql authenticator against PostgreSQL', () => {
  const table = usersInPostgres();
  const { sql, opened, add, ask } = table;

  describe('keeps the contract', () => {
    const users = [{ ...ADA, groups: ['staff', 'engines'] }, BOB];
    const cases = authenticatorContract({
      create: async () => {
        await table.empty();
        await add(ADA, { groups: "'{staff,engines}'" });
        await add(BOB);
        return opened();
      },
      createBroken: () => opened({ host: '127.0.0.1', port: 1 }),
      users,
    });
    for (const { name, run } of cases) test(name, run, 60_000);
  });

  describe('who a user is', () => {
    test('groups, and columns that are asked for, become known; times and long integers stay exact', async () => {
      await add(ADA, {
        groups: '\'{staff,"with, comma"}\'',
        mail: "'ada@example.com'",
        big: '9007199254740993',
        born: "'1815-12-10'",
      });
      const query = QUERY.replace('expires_at', 'expires_at, mail, big, born');
      expect(await ask(opened({ query, claims: ['mail', 'big', 'born'] }), ADA.username, ADA.secret)).toEqual({
        outcome: 'authenticated',
        user: 'ada',
        groups: ['staff', 'with, comma'],
        claims: { mail: 'ada@example.com', big: '9007199254740993', born: '1815-12-10' },
      });
      expect(await ask(opened(), ADA.username, ADA.secret)).not.toHaveProperty('claims');
    });

    test('a column that nobody asked for is a fault: a misspelt disabled would let somebody in', async () => {
      await add(ADA, { disabled: 'true' });
      const query = 'SELECT hash AS secret_hash, disabled AS disbled FROM users WHERE name = $1';
      const misspelt = opened({ query });
      const problem = /has the column disbled in its query, and does not know it.*disabled/;
      await expect(ask(misspelt, ADA.username, ADA.secret)).rejects.toThrow(problem);
      await expect(misspelt.probe({ signal: new AbortController().signal })).rejects.toThrow(problem);
    });

    test.each([
      ['text', "name || '-id'", 'ada-id'],
      ['bigint', '9007199254740993::bigint', '9007199254740993'],
      ['uuid', "'6b1c2c9e-0000-4000-8000-000000000001'::uuid", '6b1c2c9e-0000-4000-8000-000000000001'],
      ['integer', '42', '42'],
    ])('a column user of %s is who they are', async (_, expression, user) => {
      await add(ADA);
      const query = `SELECT hash AS secret_hash, ${expression} AS "user" FROM users WHERE name = $1`;
      expect(await ask(opened({ query }), ADA.username, ADA.secret)).toEqual({ outcome: 'authenticated', user });
    });

    test.each([
      ['json', `'["ops", "dev"]'::json`, ['ops', 'dev']],
      ['jsonb', `jsonb_build_array('ops')`, ['ops']],
      ['varchar[]', `'{ops,dev}'::varchar[]`, ['ops', 'dev']],
      ['text with commas', `'ops, dev,,'`, ['ops', 'dev']],
      ['an aggregate of nothing', `(SELECT array_agg(v) FROM unnest('{}'::text[]) v)`, []],
      ['an outer join of nothing', `ARRAY[NULL]::text[]`, []],
    ])('groups may be %s', async (_, expression, groups) => {
      await add(ADA);
      const query = `SELECT hash AS secret_hash, ${expression} AS groups FROM users WHERE name = $1`;
      expect(await ask(opened({ query }), ADA.username, ADA.secret)).toMatchObject({ groups });
    });

    test.each([
      ['groups', "'{a,b}'::name[]", /Cast it to text\[\]/],
      ['groups', "'[not json'", /is not JSON/],
      ['groups', "'[1, 2]'::json", /Make it an array of text/],
      ['disabled', "'f'::text", /Make it a boolean/],
      ['disabled', '2', /Make it a boolean/],
      ['expires_at', "'next year'::text", /Cast it to a timestamp/],
      ['expires_at', '1800000000000::bigint', /Divide milliseconds by 1000/],
      ['"user"', 'NULL::text', /user is null/],
      ['"user"', "''", /user is empty/],
      ['"user"', 'true', /user is a boolean/],
    ])('a column %s of %s is a fault', async (column, expression, message) => {
      await add(ADA);
      const query = `SELECT hash AS secret_hash, ${expression} AS ${column} FROM users WHERE name = $1`;
      await expect(ask(opened({ query }), ADA.username, ADA.secret)).rejects.toMatchObject({
        code: 'backend_fault',
        message: expect.stringMatching(message),
      });
    });

    test('a query may find somebody by one of two columns', async () => {
      await add(ADA, { mail: "'ada@example.com'" });
      const query = 'SELECT hash AS secret_hash, name AS "user" FROM users WHERE name = $1 OR mail = $1; ';
      expect(await ask(opened({ query }), 'ada@example.com', ADA.secret)).toMatchObject({ user: 'ada' });
    });
  });

  describe('who is let in', () => {
    test.each([
      ['disabled', { disabled: 'true' }, 'disabled'],
      ['expired', { expires_at: "now() - interval '1 second'" }, 'expired'],
      ['long expired', { expires_at: "'-infinity'" }, 'expired'],
    ])('who is %s is told so with the right secret alone', async (_, columns, cause) => {
      await add(ADA, columns);
      expect(await ask(opened(), ADA.username, ADA.secret)).toEqual({ outcome: 'denied', cause });
      expect(await ask(opened(), ADA.username, 'wrong')).toEqual({ outcome: 'denied', cause: 'wrongSecret' });
    });

    test.each(["now() + interval '1 hour'", "'infinity'", 'NULL'])(
      'who expires at %s is let in',
      async (expires_at) => {
        await add(ADA, { expires_at });
        expect(await ask(opened(), ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
      },
    );

    test('a time without a zone is in UTC, whatever the server and this machine think', async () => {
      await sql("ALTER DATABASE postgres SET timezone = 'Pacific/Auckland'");
      await add(ADA);
      const at = (minutes: number) =>
        `SELECT hash AS secret_hash, (now() AT TIME ZONE 'UTC' + interval '${minutes} minutes')::timestamp AS expires_at FROM users WHERE name = $1`;
      expect(await ask(opened({ query: at(-5) }), ADA.username, ADA.secret)).toMatchObject({ cause: 'expired' });
      expect(await ask(opened({ query: at(5) }), ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
      await sql('ALTER DATABASE postgres RESET timezone');
    });

    test('nobody is a user without a secret', async () => {
      await add(ADA, { hash: 'NULL' });
      for (const secret of ['', 'null', 'NULL', ADA.secret]) {
        expect(await ask(opened(), ADA.username, secret)).toEqual({ outcome: 'denied', cause: 'noSecret' });
      }
    });

    test.each(['marked-plain-secret', '', '$1$abcdefgh$oLPhPuDFZ6lGJ1Tb8b9VD/'])(
      'a hash %j is a fault',
      async (hash) => {
        await add(ADA, { hash: quote(hash) });
        await expect(ask(opened(), ADA.username, hash)).rejects.toMatchObject({
          code: 'backend_fault',
          message: expect.not.stringContaining(hash || 'oLPh'),
        });
      },
    );

    test('two rows are a fault, and so is a whole table', async () => {
      await add(ADA);
      await add(ADA);
      await expect(ask(opened(), ADA.username, ADA.secret)).rejects.toThrow(/found a user name more than once/);
      await sql("INSERT INTO users (name, hash) SELECT 'user-' || n, 'x' FROM generate_series(1, 100000) n");
      const like = opened({ query: 'SELECT hash AS secret_hash FROM users WHERE name LIKE $1', maxConnections: 1 });
      await expect(ask(like, '%', ADA.secret)).rejects.toThrow(/found a user name more than once/);
    });

    test.each([
      "' OR '1'='1",
      "ada'--",
      "'; DROP TABLE users; --",
      "ada' UNION SELECT '{SHA}' --",
      '$1',
      '\\',
      '%',
      'ada\u0000',
      '\u0000',
      '\ud800',
      'ada\u200b',
      'ADA',
      'ada ',
      '😀'.repeat(64),
      '',
    ])('OWASP CS SQL: %j is a name like another', async (username) => {
      await add(ADA);
      const authenticator = opened();
      expect(await ask(authenticator, username, ADA.secret)).toEqual({ outcome: 'denied', cause: 'unknownUser' });
      expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    });

    test.each(["o'hara", '"; --', 'Zoë 😀', '{"a"}', '\\x00', '$1$2'])('a user %j is found', async (username) => {
      await add({ username, secret: ADA.secret });
      expect(await ask(opened(), username, ADA.secret)).toMatchObject({ outcome: 'authenticated', user: username });
    });

    test.each([
      ['integer', '42', 'ada'],
      ['integer', '42', '99999999999999999999'],
      ['uuid', "'6b1c2c9e-0000-4000-8000-000000000001'", '42'],
      ['timestamptz', 'now()', '2026-13-45'],
    ])('a name that cannot be a key of type %s (%s) is nobody: %s', async (type, key, username) => {
      const query = `SELECT hash AS secret_hash FROM (VALUES (${key}::${type}, ${quote(sha('x'))})) u (id, hash) WHERE id = $1`;
      const authenticator = opened({ query });
      await authenticator.probe({ signal });
      for (let call = 0; call < 3; call++) {
        expect(await ask(authenticator, username, 'x')).toEqual({ outcome: 'denied', cause: 'unknownUser' });
      }
      expect(await sql(`SELECT count(*) FROM pg_stat_activity WHERE usename = '${ACCOUNT.user}'`)).toEqual(['1']);
    });

    test('a value in the table that cannot be read is a fault, not a denial', async () => {
      await add(ADA, { mail: "'none'" });
      const query = 'SELECT hash AS secret_hash, mail::int AS mail FROM users WHERE name = $1';
      await expect(ask(opened({ query }), ADA.username, ADA.secret)).rejects.toMatchObject({ code: 'backend_fault' });
    });
  });

  describe('what the database is asked', () => {
    test('nothing but to read, though the account may write', async () => {
      await add(ADA);
      await sql(
        `CREATE OR REPLACE FUNCTION spoil(n text) RETURNS text LANGUAGE sql AS $$ UPDATE users SET hash = 'x'; SELECT n $$`,
      );
      const query = 'SELECT hash AS secret_hash FROM users WHERE name = spoil($1)';
      await expect(ask(opened({ query }), ADA.username, ADA.secret)).rejects.toThrow(/The query writes/);
      expect(await ask(opened(), ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    });

    test('the secret never gets there', async () => {
      await add(ADA);
      await sql("ALTER SYSTEM SET log_statement = 'all'");
      await sql('SELECT pg_reload_conf()');
      const authenticator = opened({ upgrade: UPGRADE, onWeakHash: () => {} });
      await ask(authenticator, ADA.username, ADA.secret);
      await ask(authenticator, ADA.username, 'marked-wrong-secret');
      await authenticator.close();
      await sql('ALTER SYSTEM RESET log_statement');
      await sql('SELECT pg_reload_conf()');
      expect(table.postgres.log).toContain('AS found LIMIT 2');
      expect(table.postgres.log).not.toContain(ADA.secret);
      expect(table.postgres.log).not.toContain('marked-wrong-secret');
    });

    test('ASVS 13.2.6: over as many connections as are allowed', async () => {
      await add(ADA);
      const authenticator = opened({ maxConnections: 3 });
      await Promise.all(Array.from({ length: 60 }, () => ask(authenticator, ADA.username, ADA.secret)));
      const counted = await sql(`SELECT count(*) FROM pg_stat_activity WHERE usename = '${ACCOUNT.user}'`);
      expect(counted).toEqual(['3']);
    });

    test('over a Unix socket', async () => {
      await add(ADA);
      expect(await ask(opened({ host: table.postgres.folder }), ADA.username, ADA.secret)).toMatchObject({
        outcome: 'authenticated',
      });
    });

    test('environment variables say nothing', async () => {
      await add(ADA);
      const variables = { PGPASSWORD: ACCOUNT.password, PGSSLMODE: 'require', PGOPTIONS: '-c search_path=nowhere' };
      Object.assign(process.env, variables);
      try {
        expect(await ask(opened(), ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
        const { password: _, ...account } = ACCOUNT;
        const without = closeAfterTest(
          sqlAuthenticator({
            dialect: 'postgresql',
            host: '127.0.0.1',
            port: table.postgres.port,
            database: 'postgres',
            ...account,
            query: QUERY,
          }),
        );
        await expect(ask(without, ADA.username, ADA.secret)).rejects.toMatchObject({ code: 'backend_fault' });
      } finally {
        for (const name of Object.keys(variables)) delete process.env[name];
      }
    });
  });
});
