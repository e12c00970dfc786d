import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { CREATE_SCHEMA } from '../../../src/adapters/session-managers/sqlite/schema.js';
import { SessionStore } from '../../../src/adapters/session-managers/sqlite/session-store.js';
import { isBusy, isFull, loadSqliteDriver } from '../../../src/adapters/sqlite-driver/driver.js';
import { MissingPackageError } from '../../../src/model/errors.js';
import { tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();

describe('loadSqliteDriver', () => {
  test('a package that is missing is named, and is looked for again the next time', async () => {
    jest.unstable_mockModule('libsql', () => {
      throw new Error("Cannot find package 'libsql'");
    });
    jest.resetModules();
    const { loadSqliteDriver: load } = await import('../../../src/adapters/sqlite-driver/driver.js');
    for (const version of ['20.19.0', '22.14.0']) {
      await expect(load(version)).rejects.toMatchObject({ code: 'missing_package', name: MissingPackageError.name });
      await expect(load(version)).rejects.toThrow(/npm install libsql/);
    }
    jest.unstable_unmockModule('libsql');
    jest.resetModules();
    const loaded = await import('../../../src/adapters/sqlite-driver/driver.js');
    expect((await loaded.loadSqliteDriver('20.19.0')).open).toBeInstanceOf(Function);
  });

  test('a lock and a full disk are told apart from other faults', async () => {
    const driver = await loadSqliteDriver();
    const path = join(folder, 'codes.db');
    const [one, other] = [driver.open(path, 'readWrite'), driver.open(path, 'readWrite')];
    one.exec('CREATE TABLE t (a UNIQUE); BEGIN IMMEDIATE');
    const errorOf = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (cause) {
        return cause;
      }
    };
    const busy = errorOf(() => other.exec('BEGIN IMMEDIATE'));
    expect([isBusy(busy), isFull(busy)]).toEqual([true, false]);
    one.exec('ROLLBACK; PRAGMA max_page_count = 4');
    const full = errorOf(() => one.prepare('INSERT INTO t VALUES (?)').all([Buffer.alloc(100_000)]));
    expect([isBusy(full), isFull(full)]).toEqual([false, true]);
    const twice = one.prepare('INSERT INTO t VALUES (?)');
    twice.all([1]);
    const unique = errorOf(() => twice.all([1]));
    expect(unique).toBeDefined();
    expect([isBusy(unique), isFull(unique)]).toEqual([false, false]);
    one.close();
    other.close();
  });
});

describe('SessionStore', () => {
  test('every statement goes by an index', async () => {
    const connection = (await loadSqliteDriver()).open(join(folder, 'plans.db'), 'readWrite');
    connection.exec(CREATE_SCHEMA);
    const statements: string[] = [];
    new SessionStore({
      ...connection,
      prepare(sql) {
        statements.push(sql);
        return connection.prepare(sql);
      },
    });
    expect(statements.length).toBeGreaterThan(5);
    for (const sql of statements) {
      const parameters = [...sql.matchAll(/\?/g)].map(() => 1);
      const plan = connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(parameters);
      for (const { detail } of plan) expect(`${detail}`).not.toMatch(/SCAN session\b/);
    }
    connection.close();
  });
});
