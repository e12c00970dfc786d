import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { sqliteSessionManager } from '../../../../src/adapters/session-managers/sqlite.js';
import { loadSqliteDriver } from '../../../../src/adapters/sqlite-driver/driver.js';
import { ConfigurationError } from '../../../../src/model/errors.js';
import type { Secret } from '../../../../src/model/secret.js';
import { snapshotOf, tempFolder } from '../../../support/temp-folder.js';

const root = tempFolder();
const { signal } = new AbortController();

function emptyFolder(): string {
  return mkdtempSync(join(root, 'case-'));
}

/** A path in a folder of its own. */
function freshPath(): string {
  return join(emptyFolder(), 'sessions.db');
}

async function sql(path: string, statements: string): Promise<void> {
  const connection = (await loadSqliteDriver()).open(path, 'readWrite');
  connection.exec(statements);
  connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all([]);
  connection.close();
}

/** A closed database with sessions in it, without any log beside it. */
async function databaseWith(sessions: number): Promise<{ path: string; secrets: Secret[] }> {
  const path = freshPath();
  const manager = sqliteSessionManager({ path, limitPolicy: 'allow' });
  await manager.open();
  const secrets: Secret[] = [];
  for (let i = 0; i < sessions; i += 1) {
    const creation = await manager.create({ user: `user-${i}`, ipAddress: '192.0.2.1' }, { signal });
    if (creation.outcome === 'created') secrets.push(creation.session.session_secret as Secret);
  }
  await manager.close?.();
  const copy = freshPath();
  copyFileSync(path, copy);
  return { path: copy, secrets };
}

/** The same as a process leaves it that ends without closing: with a log that has sessions in it. */
async function crashedDatabase(change?: string): Promise<{ path: string; secret: Secret }> {
  const path = freshPath();
  const manager = sqliteSessionManager({ path });
  const creation = await manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal });
  const crashed = freshPath();
  for (const name of readdirSync(dirname(path))) copyFileSync(join(dirname(path), name), join(dirname(crashed), name));
  await manager.close?.();
  if (creation.outcome !== 'created') throw new Error('no session was created');
  if (change !== undefined) {
    const header = (await databaseWith(0)).path;
    await sql(header, change);
    copyFileSync(header, crashed);
  }
  expect(statSync(`${crashed}-wal`).size).toBeGreaterThan(0);
  return { path: crashed, secret: creation.session.session_secret as Secret };
}

/** The database must be refused, with the reason and advice, and nothing in its folder may have changed. */
async function expectRefused(path: string, ...says: RegExp[]): Promise<void> {
  const folder = dirname(path);
  const before = snapshotOf(folder);
  const manager = sqliteSessionManager({ path });
  const error = await manager.open().then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  for (const pattern of [/left as it is/, ...says]) expect((error as Error).message).toMatch(pattern);
  expect((error as Error).message).toContain(path);
  await expect(manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal })).rejects.toThrow(
    ConfigurationError,
  );
  await manager.close?.();
  expect(snapshotOf(folder)).toEqual(before);
}

describe('a database that cannot be used is refused and left untouched', () => {
  test.each([
    ['a text file', Buffer.from('these are my notes, and no database\n'.repeat(200))],
    ['a few bytes', Buffer.from('SQLite')],
    ['a header and nothing else', Buffer.from('SQLite format 3\0'.padEnd(100, '\0'))],
    ['random bytes', Buffer.from(Array.from({ length: 16_384 }, (_, i) => (i * 7_919) % 251))],
    ['zeros', Buffer.alloc(8_192)],
  ])('no database: %s', async (_, bytes) => {
    const path = freshPath();
    writeFileSync(path, bytes);
    await expectRefused(path, /damaged, or no SQLite database|another application/, /move it away|Name a file/);
  });

  test('a database of which the end is missing', async () => {
    const { path } = await databaseWith(500);
    truncateSync(path, Math.floor(statSync(path).size / 2));
    await expectRefused(path, /damaged/, /Restore it from a backup/);
  });

  test.each([1, 2, 4, 6])('a database of which page %d is overwritten', async (page) => {
    const { path } = await databaseWith(500);
    const bytes = readFileSync(path);
    bytes.fill(0xa5, page * 4_096, (page + 1) * 4_096);
    writeFileSync(path, bytes);
    await expectRefused(path, /damaged/);
  });

  test('a database without the table', async () => {
    const { path } = await databaseWith(1);
    await sql(path, 'DROP TABLE session');
    const copy = freshPath();
    copyFileSync(path, copy);
    await expectRefused(copy, /damaged/);
  });

  test('a database of a later version', async () => {
    const { path } = await databaseWith(3);
    await sql(path, 'PRAGMA user_version = 2');
    const copy = freshPath();
    copyFileSync(path, copy);
    await expectRefused(copy, /later version of session-init/, /schema 2; this one knows 1/, /Upgrade/);
  });

  test('a database of a later version, with a log', async () => {
    const { path } = await crashedDatabase('PRAGMA user_version = 7');
    await expectRefused(path, /schema 7/);
  });

  test.each([
    ['without a mark', ''],
    ['with a mark of its own', 'PRAGMA application_id = 252006674'],
    ['with a version of its own', 'PRAGMA user_version = 1'],
    ['with a log', 'PRAGMA journal_mode = WAL'],
  ])('the database of another application, %s', async (_, extra) => {
    const path = freshPath();
    await sql(path, `CREATE TABLE session (id INTEGER); INSERT INTO session VALUES (1); ${extra}`);
    const copy = freshPath();
    copyFileSync(path, copy);
    await expectRefused(copy, /another application/, /Name a file of its own/);
  });

  test('a folder', async () => {
    const path = freshPath();
    mkdirSync(path);
    await expectRefused(path, /it is a folder/);
  });

  test('a read-only file', async () => {
    const { path } = await databaseWith(1);
    chmodSync(path, 0o444);
    await expectRefused(path, /read-only/, /Make the file writable/);
  });

  test.each(['a file', 'no file yet'])('a read-only folder with %s', async (content) => {
    const path = content === 'a file' ? (await databaseWith(1)).path : freshPath();
    chmodSync(dirname(path), 0o555);
    await expectRefused(path, /the folder .* is read-only/);
    chmodSync(dirname(path), 0o755);
  });

  test('a folder that does not exist', async () => {
    const path = join(emptyFolder(), 'missing', 'sessions.db');
    const error = await sqliteSessionManager({ path })
      .open()
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(/the folder .*missing does not exist. Create it, with mode 0700/);
    expect(readdirSync(dirname(dirname(path)))).toEqual([]);
  });

  test('a path through a file', async () => {
    const path = freshPath();
    writeFileSync(path, 'a file');
    const error = await sqliteSessionManager({ path: join(path, 'sessions.db') })
      .open()
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toMatch(/ENOTDIR|read-only/);
  });
});

describe('options that cannot work are refused at once', () => {
  test.each([
    [{ path: ':memory:' }, /memorySessionManager/],
    [{ path: '' }, /must name a file/],
    [{ path: 'x.db', durability: 'none' as 'power' }, /durability/],
    [{ path: 'x.db', lockTimeout: -1 }, /lockTimeout/],
    [{ path: 'x.db', lockTimeout: Number.NaN }, /lockTimeout/],
    [{ path: 'x.db', idleTimeout: 0 }, /idleTimeout/],
    [{ path: 'x.db', limitPolicy: 'none' as 'allow' }, /limitPolicy/],
  ])('%j', (options, says) => {
    expect(() => sqliteSessionManager(options)).toThrow(says);
    expect(() => sqliteSessionManager(options)).toThrow(ConfigurationError);
  });
});

describe('opening', () => {
  test('creates the database and its log for this user alone', async () => {
    const path = freshPath();
    const manager = sqliteSessionManager({ path });
    await manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal });
    const files = readdirSync(dirname(path));
    expect(files.sort()).toEqual(['sessions.db', 'sessions.db-shm', 'sessions.db-wal']);
    for (const name of files) expect(statSync(join(dirname(path), name)).mode & 0o777).toBe(0o600);
    await manager.close?.();
  });

  test('a file that was made beforehand keeps its mode', async () => {
    const path = freshPath();
    writeFileSync(path, '', { mode: 0o660 });
    chmodSync(path, 0o660);
    const manager = sqliteSessionManager({ path });
    await manager.open();
    await manager.close?.();
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  test('happens with the first call, and not at all if there is none', async () => {
    const path = freshPath();
    const manager = sqliteSessionManager({ path });
    expect(readdirSync(dirname(path))).toEqual([]);
    await manager.close?.();
    expect(readdirSync(dirname(path))).toEqual([]);
    await expect(manager.open()).rejects.toMatchObject({ code: 'closed' });
  });

  test('a failure is not remembered', async () => {
    const path = join(emptyFolder(), 'later', 'sessions.db');
    const manager = sqliteSessionManager({ path });
    await expect(manager.findById(1)).rejects.toThrow(/does not exist/);
    mkdirSync(dirname(path));
    expect(await manager.findById(1)).toBeUndefined();
    await manager.close?.();
  });

  test('many first calls at once open it once', async () => {
    const path = freshPath();
    const manager = sqliteSessionManager({ path, limitPolicy: 'allow' });
    const creations = Array.from({ length: 20 }, () =>
      manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal }),
    );
    await Promise.all([manager.open(), manager.open(), ...creations]);
    expect(await manager.listByUser('alice')).toHaveLength(20);
    await manager.close?.();
  });

  test('many managers at once create one database', async () => {
    const path = freshPath();
    const managers = Array.from({ length: 10 }, () => sqliteSessionManager({ path }));
    await Promise.all(managers.map((manager) => manager.create({ user: 'a', ipAddress: '192.0.2.1' }, { signal })));
    for (const manager of managers) expect(await manager.listByUser('a')).toHaveLength(10);
    await Promise.all(managers.map((manager) => manager.close?.()));
  });

  test('close during opening closes', async () => {
    const manager = sqliteSessionManager({ path: freshPath() });
    const opening = manager.open();
    await manager.close?.();
    await expect(opening).rejects.toMatchObject({ code: 'closed' });
  });

  test('what a process that was killed has left is taken up', async () => {
    const { path, secret } = await crashedDatabase();
    const manager = sqliteSessionManager({ path });
    expect((await manager.findBySecret(secret))?.user).toBe('alice');
    await manager.close?.();
  });

  test('a leftover journal does not keep it closed', async () => {
    const { path, secrets } = await databaseWith(2);
    writeFileSync(`${path}-journal`, '');
    const manager = sqliteSessionManager({ path });
    for (const secret of secrets) expect(await manager.findBySecret(secret)).toBeDefined();
    await manager.close?.();
  });

  test('after close the file is whole by itself, and can be moved', async () => {
    const { path, secrets } = await databaseWith(5);
    const moved = freshPath();
    renameSync(path, moved);
    const manager = sqliteSessionManager({ path: moved });
    for (const secret of secrets) expect(await manager.findBySecret(secret)).toBeDefined();
    await manager.close?.();
  });

  test('follows a link, and takes names that look like URLs or options for what they are', async () => {
    const folder = emptyFolder();
    for (const name of ['file:x?mode=memory', 'a b%20c#d?e=f', '-wal', 'ünï.db', "it's.db"]) {
      const manager = sqliteSessionManager({ path: join(folder, name) });
      const creation = await manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal });
      await manager.close?.();
      const link = join(emptyFolder(), 'link.db');
      symlinkSync(join(folder, name), link);
      const again = sqliteSessionManager({ path: link });
      expect(creation.outcome === 'created' && (await again.findById(creation.session.session_id))?.user).toBe('alice');
      await again.close?.();
      expect(readdirSync(folder)).toContain(basename(name));
    }
  });

  test.each(['process', 'power'] as const)('durability %s', async (durability) => {
    const manager = sqliteSessionManager({ path: freshPath(), durability });
    const creation = await manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal });
    expect(creation.outcome).toBe('created');
    await manager.close?.();
  });
});
