import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type SqlAuthenticator,
  type SqliteOptions,
  type SqlUsersOptions,
  sqlAuthenticator,
} from '../../../../src/adapters/authenticators/sql.js';
import { loadSqliteDriver } from '../../../../src/adapters/sqlite-driver/driver.js';
import { ClosedError } from '../../../../src/model/errors.js';
import { Secret } from '../../../../src/model/secret.js';
import { authenticatorContract, simulatedClock } from '../../../../src/testing/index.js';
import { authenticatedInit } from '../../../support/authenticated-init.js';
import { tempFolder } from '../../../support/temp-folder.js';

const { signal } = new AbortController();
const ADA = { username: 'ada', secret: 'Marked-Secret-ü-1' };
const BOB = { username: 'bob', secret: 'Marked-Secret-2' };
const QUERY = 'SELECT hash AS secret_hash, groups, disabled, expires_at FROM users WHERE name = ?';
const UPGRADE = 'UPDATE users SET hash = ? WHERE name = ? AND hash = ?';

const folder = tempFolder();
const driver = await loadSqliteDriver();
const sha = (secret: string) => `{SHA}${createHash('sha1').update(secret).digest('base64')}`;
const open: SqlAuthenticator[] = [];
let path: string;
let files = 0;

function newFile(): void {
  path = join(folder, `users-${files++}.db`);
  sql('CREATE TABLE users (name TEXT, hash TEXT, groups TEXT, disabled INTEGER, expires_at, mail, big INTEGER)');
}

function sql(text: string, parameters: readonly (string | number)[] = []): Record<string, unknown>[] {
  const connection = driver.open(path, 'readWrite');
  try {
    return connection.prepare(text).all(parameters);
  } finally {
    connection.close();
  }
}

function add(user: { username: string; secret: string }, columns: Record<string, string | number> = {}): void {
  const all = { name: user.username, hash: sha(user.secret), ...columns };
  const places = Object.keys(all).map(() => '?');
  sql(`INSERT INTO users (${Object.keys(all)}) VALUES (${places})`, Object.values(all));
}

function opened(options: Partial<SqliteOptions & SqlUsersOptions> = {}): SqlAuthenticator {
  const authenticator = sqlAuthenticator({ dialect: 'sqlite', path, query: QUERY, ...options });
  open.push(authenticator);
  return authenticator;
}

function ask(authenticator: SqlAuthenticator, username: string, secret: string) {
  return authenticator.authenticate({ username, secret: new Secret(secret) }, new AbortController());
}

const hashOf = (name: string) => sql('SELECT hash FROM users WHERE name = ?', [name])[0]?.['hash'];

beforeEach(newFile);
afterEach(async () => {
  for (const authenticator of open.splice(0)) await authenticator.close();
});

describe('the sql authenticator keeps the contract with SQLite', () => {
  const cases = authenticatorContract({
    create: () => {
      newFile();
      add(ADA, { groups: '["staff","engines"]' });
      add(BOB);
      return opened();
    },
    createBroken: () => opened({ path: join(folder, 'absent.db') }),
    users: [{ ...ADA, groups: ['staff', 'engines'] }, BOB],
  });
  for (const { name, run } of cases) test(name, run, 60_000);
});

describe('who a user is', () => {
  test.each([
    ['["ops","dev"]', ['ops', 'dev']],
    ['[null]', []],
    ['ops, dev', ['ops', 'dev']],
    ['', []],
  ])('groups may be %j', async (groups, expected) => {
    add(ADA, { groups });
    expect(await ask(opened(), ADA.username, ADA.secret)).toMatchObject({ groups: expected });
  });

  test('columns that are asked for become claims', async () => {
    add(ADA, { mail: 'ada@example.com', big: 42 });
    const query = 'SELECT hash AS secret_hash, mail, big, 0.5 AS half, NULL AS none FROM users WHERE name = ?';
    const authenticator = opened({ query, claims: ['mail', 'big', 'half', 'none'] });
    expect(await ask(authenticator, ADA.username, ADA.secret)).toEqual({
      outcome: 'authenticated',
      user: 'ada',
      claims: { mail: 'ada@example.com', big: 42, half: 0.5 },
    });
  });

  test.each([
    ['"user"', '9007199254740993'],
    ['"user"', '1.5'],
    ['"user"', "x'616461'"],
    ['groups', "x'616461'"],
    ['groups', '1'],
    ['disabled', "'no'"],
    ['expires_at', "'soon'"],
    ['expires_at', '1800000000000'],
    ['secret_hash', "x'616461'"],
    ['mail', "x'616461'"],
    ['mail', '9007199254740993'],
  ])('a column %s of %s is a fault', async (column, value) => {
    add(ADA);
    const columns = { secret_hash: 'hash', mail: "''", [column]: value };
    const list = Object.entries(columns).map(([name, expression]) => `${expression} AS ${name}`);
    const authenticator = opened({ query: `SELECT ${list} FROM users WHERE name = ?`, claims: ['mail'] });
    await expect(ask(authenticator, ADA.username, ADA.secret)).rejects.toMatchObject({
      code: 'backend_fault',
      message: expect.stringMatching(/^sql cannot use what the query found|A column holds a number that is not exact/),
    });
  });

  test.each([
    ["datetime('now', '-1 second')", 'expired'],
    ["datetime('now', '+1 hour')", undefined],
    ["unixepoch('now') - 1", 'expired'],
    ["unixepoch('now') + 3600", undefined],
    ["date('now', '-1 day')", 'expired'],
    ["strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 minute')", 'expired'],
    ['NULL', undefined],
  ])('who expires at %s: %s', async (expression, cause) => {
    add(ADA);
    const query = `SELECT hash AS secret_hash, ${expression} AS expires_at FROM users WHERE name = ?`;
    const outcome = await ask(opened({ query }), ADA.username, ADA.secret);
    expect(outcome).toEqual(cause ? { outcome: 'denied', cause } : { outcome: 'authenticated', user: 'ada' });
  });

  test('a column that is there twice is a fault', async () => {
    add(ADA);
    const query = 'SELECT hash AS secret_hash, 0 AS disabled, 1 AS disabled FROM users WHERE name = ?';
    await expect(ask(opened({ query }), ADA.username, ADA.secret)).rejects.toThrow(/has the column disabled twice/);
  });

  test('a column that is not known is a fault, for a probe that finds nobody, too', async () => {
    const authenticator = opened({ query: 'SELECT hash AS secret_hash, 1 AS disable FROM users WHERE name = ?' });
    await expect(authenticator.probe({ signal })).rejects.toThrow(/has the column disable in its query/);
  });

  test('a column that libsql has a meaning of its own for is no claim', async () => {
    add(ADA, { mail: 'ada@example.com' });
    const query = 'SELECT hash AS secret_hash, mail AS _metadata FROM users WHERE name = ?';
    const authenticator = opened({ query, claims: ['_metadata'] });
    await expect(ask(authenticator, ADA.username, ADA.secret)).rejects.toThrow(/needs a column _metadata/);
  });

  test('who is disabled is denied', async () => {
    add(ADA, { disabled: 1 });
    expect(await ask(opened(), ADA.username, ADA.secret)).toEqual({ outcome: 'denied', cause: 'disabled' });
  });
});

describe('OWASP CS SQL: names', () => {
  test.each(["' OR '1'='1", "ada'--", "'; DROP TABLE users; --", '?', '%', 'ada\u0000x', '\ud800', 'ADA', 'ada ', ''])(
    '%j is a name like another',
    async (username) => {
      add(ADA);
      const authenticator = opened();
      expect(await ask(authenticator, username, ADA.secret)).toEqual({ outcome: 'denied', cause: 'unknownUser' });
      expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    },
  );

  test('two rows are a fault', async () => {
    add(ADA);
    add(ADA);
    await expect(ask(opened(), ADA.username, ADA.secret)).rejects.toThrow(/found a user name more than once/);
  });
});

describe('the file', () => {
  test('stays as it is', async () => {
    add(ADA);
    const before = readFileSync(path);
    const authenticator = opened({ onWeakHash: () => {} });
    await authenticator.probe({ signal });
    await ask(authenticator, ADA.username, ADA.secret);
    for (const query of ['DELETE FROM users WHERE name = ? RETURNING hash', `${QUERY}; DELETE FROM users`]) {
      await expect(ask(opened({ query }), ADA.username, ADA.secret)).rejects.toMatchObject({ code: 'backend_fault' });
    }
    await authenticator.close();
    expect(readFileSync(path)).toEqual(before);
  });

  test('is seen as others change it', async () => {
    sql('PRAGMA journal_mode = WAL');
    add(ADA);
    const authenticator = opened();
    expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    sql('UPDATE users SET disabled = 1');
    expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ cause: 'disabled' });
    sql('ALTER TABLE users ADD COLUMN phone');
    expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ cause: 'disabled' });
  });

  test('is opened anew when another takes its place, is gone, and comes back', async () => {
    add(ADA);
    const first = path;
    const clock = simulatedClock();
    const authenticator = opened({ clock });
    expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    newFile();
    add(BOB);
    renameSync(path, first);
    clock.increment(1);
    expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ cause: 'unknownUser' });
    expect(await ask(authenticator, BOB.username, BOB.secret)).toMatchObject({ outcome: 'authenticated' });
    const moved = `${first}.moved`;
    renameSync(first, moved);
    clock.increment(1);
    const init = await authenticatedInit(authenticator, BOB);
    expect(init).toMatchObject({
      reason: 'AUTHENTICATION_SYS_FAIL',
      cause: { message: expect.stringMatching(/There is no such file\.$/) },
    });
    expect(init.response).not.toContain(folder);
    renameSync(moved, first);
    expect(await ask(authenticator, BOB.username, BOB.secret)).toMatchObject({ outcome: 'authenticated' });
  });

  test('is looked for once a millisecond, however many calls come', async () => {
    add(ADA);
    const first = path;
    const clock = simulatedClock();
    const authenticator = opened({ clock });
    await ask(authenticator, ADA.username, ADA.secret);
    newFile();
    renameSync(path, first);
    clock.increment(0.9);
    expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    clock.increment(0.1);
    const outcomes = await Promise.all([1, 2, 3].map(() => ask(authenticator, ADA.username, ADA.secret)));
    expect(outcomes).toMatchObject([1, 2, 3].map(() => ({ cause: 'unknownUser' })));
  });

  test('is not locked once a look-up is over', async () => {
    add(ADA);
    const authenticator = opened();
    for (const name of [ADA.username, 'nobody']) {
      await ask(authenticator, name, ADA.secret);
      const other = driver.open(path, 'readWrite');
      other.exec('BEGIN EXCLUSIVE; UPDATE users SET mail = hash; COMMIT');
      other.close();
    }
  });

  test('is not read beyond a second row', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => `('ada', '${index}')`);
    sql(`INSERT INTO users (name, hash) VALUES ${rows}`);
    const spoiled = "json(iif(hash IN ('0', '1'), '1', '{'))"; // SQLite refuses the third
    const query = `SELECT hash AS secret_hash, ${spoiled} AS groups FROM users WHERE name = ?`;
    await expect(ask(opened({ query }), 'ada', ADA.secret)).rejects.toThrow(/found a user name more than once/);
    sql("DELETE FROM users WHERE hash < '2'");
    await expect(ask(opened({ query }), 'ada', ADA.secret)).rejects.toThrow(/cannot use the SQLite file/);
  });

  test.each([
    ['garbage', () => writeFileSync(path, 'x'.repeat(8192))],
    ['without the table', () => sql('DROP TABLE users')],
    ['a folder', () => (path = folder)],
    ['absent', () => rmSync(path)],
  ])('that is %s is a fault, for a probe, too', async (_, spoil) => {
    add(ADA);
    spoil();
    const authenticator = opened();
    await expect(authenticator.probe({ signal })).rejects.toMatchObject({ code: 'backend_fault' });
    expect(await authenticatedInit(authenticator, ADA)).toMatchObject({ reason: 'AUTHENTICATION_SYS_FAIL' });
  });

  describe('that another process has locked', () => {
    function lock(): { close(): void } {
      const other = driver.open(path, 'readWrite');
      other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
      return other;
    }

    test('is waited for', async () => {
      add(ADA);
      const [other, clock] = [lock(), simulatedClock()];
      const call = ask(opened({ clock }), ADA.username, ADA.secret);
      await clock.advance(1_000);
      other.close();
      await clock.advance(1_000);
      expect(await call).toMatchObject({ outcome: 'authenticated' });
    });

    test('is waited for until the deadline, or an abort', async () => {
      add(ADA);
      const [other, clock] = [lock(), simulatedClock()];
      const authenticator = opened({ clock });
      const caller = new AbortController();
      const [late, gone] = [signal, caller.signal].map((signal) =>
        authenticator.authenticate({ ...ADA, secret: new Secret(ADA.secret) }, { signal }).catch((error) => error),
      );
      await clock.advance(1_000);
      caller.abort(new Error('gone'));
      expect(await gone).toMatchObject({ message: 'gone' });
      await clock.advance(3_000);
      expect(await late).toMatchObject({ code: 'deadline_exceeded' });
      other.close();
    });
  });

  test('is closed with the authenticator, which may be closed twice', async () => {
    add(ADA);
    const authenticator = opened();
    await ask(authenticator, ADA.username, ADA.secret);
    await authenticator.close();
    await authenticator.close();
    await expect(ask(authenticator, ADA.username, ADA.secret)).rejects.toBeInstanceOf(ClosedError);
  });
});

describe('ASVS 11.4.2: a hash is upgraded', () => {
  const upgraded = async () => {
    while (hashOf('ada') === sha(ADA.secret)) await new Promise((resolve) => setImmediate(resolve));
  };

  test('once its secret was proved', async () => {
    add(ADA);
    add(BOB);
    const authenticator = opened({ upgrade: UPGRADE });
    await ask(authenticator, ADA.username, ADA.secret);
    await upgraded();
    expect(hashOf('ada')).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(hashOf('bob')).toBe(sha(BOB.secret));
    expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    expect(await ask(authenticator, ADA.username, 'wrong')).toMatchObject({ cause: 'wrongSecret' });
  });

  test('a secret that was changed meanwhile stays', async () => {
    add(ADA);
    const changed = sha('Marked-Secret-3');
    const authenticator = opened({
      upgrade: UPGRADE,
      // Synchronous, and before anything is hashed.
      onWeakHash: ({ user }) => user === 'ada' && sql('UPDATE users SET hash = ? WHERE name = ?', [changed, user]),
    });
    expect(await ask(authenticator, ADA.username, ADA.secret)).toMatchObject({ outcome: 'authenticated' });
    // One is upgraded at a time: as Bob is, Ada's turn is over.
    const before = sha(BOB.secret);
    add(BOB);
    while (hashOf('bob') === before) {
      await ask(authenticator, BOB.username, BOB.secret);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(hashOf('ada')).toBe(changed);
  });

  test('a statement that would change the hash of others is undone, and told', async () => {
    add(ADA);
    add(BOB);
    const told = new Promise<Error>((resolve) => {
      const upgrade = "UPDATE users SET hash = ? WHERE ? <> '' AND ? <> ''";
      void ask(opened({ upgrade, onUpgradeError: resolve }), ADA.username, ADA.secret);
    });
    expect((await told).message).toMatch(/^sql has undone an upgrade that changed 2 rows/);
    expect([hashOf('ada'), hashOf('bob')]).toEqual([sha(ADA.secret), sha(BOB.secret)]);
  });

  test('one that fails lets the user in all the same', async () => {
    add(ADA);
    const errors: Error[] = [];
    const told = new Promise<void>((resolve) => {
      const upgrade = 'UPDATE nothing SET hash = ? WHERE name = ? AND hash = ?';
      open.push(opened({ upgrade, onUpgradeError: (error) => resolve(void errors.push(error)) }));
    });
    expect(await authenticatedInit(open[0] as SqlAuthenticator, ADA)).toMatchObject({ reason: 'authorized' });
    await told;
    expect(errors).toMatchObject([{ code: 'backend_fault' }]);
  });
});
