import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { SqliteSessionManager } from '../../../../src/adapters/session-managers/sqlite.js';
import { hashSessionSecret } from '../../../../src/adapters/session-secret.js';
import * as actualDriver from '../../../../src/adapters/sqlite-driver/driver.js';
import { BackendFaultError } from '../../../../src/model/errors.js';
import type { FullAuthSession } from '../../../../src/model/session.js';
import { simulatedClock } from '../../../../src/testing/simulated-clock.js';
import { tempFolder } from '../../../support/temp-folder.js';

const folder = tempFolder();
const { signal } = new AbortController();

/** The connection of the manager under test, so that a test can make real things go wrong on it. */
let connection: actualDriver.SqliteConnection;
const driver = await actualDriver.loadSqliteDriver();
jest.unstable_mockModule('../../../../src/adapters/sqlite-driver/driver.js', () => ({
  ...actualDriver,
  loadSqliteDriver: async (): Promise<actualDriver.SqliteDriver> => ({
    open(path, mode) {
      connection = driver.open(path, mode);
      return connection;
    },
  }),
}));
const { sqliteSessionManager } = await import('../../../../src/adapters/session-managers/sqlite.js');

let databases = 0;
let manager: SqliteSessionManager;
let path: string;
const clock = simulatedClock();

async function open(options: Partial<Parameters<typeof sqliteSessionManager>[0]> = {}): Promise<void> {
  databases += 1;
  path = join(folder, `${databases}.db`);
  manager = sqliteSessionManager({ path, clock, limitPolicy: 'allow', ...options });
  await manager.open();
}

async function create(user = 'alice'): Promise<FullAuthSession> {
  const creation = await manager.create({ user, ipAddress: '192.0.2.1' }, { signal });
  if (creation.outcome !== 'created') throw new Error('no session was created');
  return creation.session;
}

/** Holds the lock that a writing transaction of another process would. */
function lock(): () => void {
  const other = driver.open(path, 'readWrite');
  other.exec('BEGIN IMMEDIATE');
  return () => {
    other.exec('ROLLBACK');
    other.close();
  };
}

afterEach(() => manager.close?.());

describe('a full disk', () => {
  test('rejects, loses nothing, and works again when there is space', async () => {
    await open();
    const created = [await create()];
    connection.exec('PRAGMA max_page_count = 20');
    const error = await (async () => {
      for (;;) created.push(await create(`user-${'x'.repeat(200)}`));
    })().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackendFaultError);
    expect((error as Error).message).toMatch(/its disk is full. Free some space/);
    await expect(create()).rejects.toThrow(BackendFaultError);
    for (const session of created) expect(await manager.findById(session.session_id)).toBeDefined();
    expect(await manager.listByUser(undefined)).toHaveLength(created.length);
    expect(await manager.refresh(created[0]?.session_id ?? 0)).toBeDefined();
    connection.exec('PRAGMA max_page_count = 1000000');
    await create();
    expect(await manager.listByUser(undefined)).toHaveLength(created.length + 1);
  });
});

describe('a creation that fails half-way', () => {
  test('ASVS 2.3.3: is rolled back whole, evictions included', async () => {
    await open({ limitPolicy: 'evictOldest', maxSessionsPerUser: 2 });
    const [first, second] = [await create(), await create()];
    connection.exec("CREATE TRIGGER planted BEFORE INSERT ON session BEGIN SELECT RAISE(ABORT, 'planted'); END");
    await expect(create()).rejects.toThrow(/planted/);
    expect(await manager.findById(first.session_id)).toBeDefined();
    connection.exec('DROP TRIGGER planted');
    const third = await create();
    const listed = await manager.listByUser('alice');
    expect(listed.map(({ session_id }) => session_id)).toEqual([second.session_id, third.session_id]);
  });

  test('a fault of the database is a BackendFaultError with its cause', async () => {
    await open();
    connection.exec('DROP TABLE session');
    const error = await create().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BackendFaultError);
    expect((error as Error).message).toContain(path);
    expect((error as Error).cause).toBeDefined();
  });
});

describe('a database that another process has locked', () => {
  test('a call waits, and the event loop goes on', async () => {
    await open();
    const session = await create();
    const unlock = lock();
    let settled = false;
    const creating = create().finally(() => {
      settled = true;
    });
    await clock.advance(1_000);
    expect(settled).toBe(false);
    // Who only reads waits for nobody.
    expect(await manager.findById(session.session_id)).toBeDefined();
    unlock();
    await clock.advance(100);
    const created = await creating;
    expect(await manager.findById(created.session_id)).toBeDefined();
    expect(clock.pending).toBe(0);
  });

  test('of many calls that wait, one asks; when it is unlocked, all are served', async () => {
    await open();
    const unlock = lock();
    let settled = 0;
    const creating = Array.from({ length: 200 }, () => create().finally(() => settled++));
    await clock.advance(10);
    // One timer for the one that asks, and none for those behind it.
    expect(clock.pending).toBe(1);
    expect(settled).toBe(0);
    unlock();
    await clock.advance(100);
    await Promise.all(creating);
    expect(settled).toBe(200);
    expect(clock.pending).toBe(0);
  });

  test('gives up when patience is over', async () => {
    await open({ lockTimeout: 300 });
    const unlock = lock();
    const creating = create().catch((cause: unknown) => cause);
    await clock.advance(400);
    const error = await creating;
    expect(error).toBeInstanceOf(BackendFaultError);
    expect((error as Error).message).toMatch(/locked for 300 ms/);
    unlock();
    await create();
    expect(clock.pending).toBe(0);
  });

  test('an abort ends the wait, and nothing is created afterwards', async () => {
    await open();
    const unlock = lock();
    const controller = new AbortController();
    const reason = new Error('the caller has gone');
    const creating = manager.create({ user: 'bob', ipAddress: '192.0.2.1' }, { signal: controller.signal });
    await clock.advance(100);
    controller.abort(reason);
    await expect(creating).rejects.toBe(reason);
    unlock();
    await clock.advance(10_000);
    expect(await manager.listByUser('bob')).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('close ends the wait', async () => {
    await open();
    const unlock = lock();
    const creating = create().catch((cause: unknown) => cause);
    await clock.advance(100);
    await manager.close?.();
    await clock.advance(100);
    expect(await creating).toMatchObject({ code: 'closed' });
    unlock();
  });
});

describe('a wall clock that is set back while the database is closed', () => {
  test('ends no session, brings none back, and lets none live longer', async () => {
    await open({ idleTimeout: 1_000 });
    const ended = await create();
    clock.increment(600);
    const live = await create();
    clock.increment(400);
    await create('bob');
    await manager.close?.();

    clock.jump(-3_600_000);
    manager = sqliteSessionManager({ path, clock, idleTimeout: 1_000 });
    expect(await manager.findById(ended.session_id)).toBeUndefined();
    expect(await manager.findById(live.session_id)).toBeDefined();
    clock.increment(599);
    expect(await manager.findById(live.session_id)).toBeDefined();
    clock.increment(1);
    expect(await manager.findById(live.session_id)).toBeUndefined();
  });
});

describe('what is in the file', () => {
  test('ASVS 7.2.3: no secret in any form, only its SHA-256', async () => {
    await open();
    const session = await create();
    const secret = session.session_secret as NonNullable<typeof session.session_secret>;
    const files = readdirSync(folder).filter((name) => name.startsWith(`${databases}.db`));
    const bytes = Buffer.concat(files.map((name) => readFileSync(join(folder, name))));
    const text = secret.reveal();
    const forms = [
      text,
      text.toUpperCase(),
      Buffer.from(text, 'hex'),
      Buffer.from(text).toString('base64'),
      btoa(text),
    ];
    for (const form of forms) expect(bytes.includes(form)).toBe(false);
    expect(bytes.includes(hashSessionSecret(secret))).toBe(true);
  });
});
