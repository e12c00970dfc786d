import { hash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { postgresDialect } from '../../../../src/adapters/session-managers/postgres/dialect.js';
import { migrations } from '../../../../src/adapters/session-managers/postgres/migrations.js';
import { preparedStatements } from '../../../../src/adapters/session-managers/postgres/statements.js';
import type { PostgresSessionManagerOptions } from '../../../../src/adapters/session-managers/postgres.js';
import { postgresSessionManager } from '../../../../src/adapters/session-managers/postgres.js';
import { sqlStatements } from '../../../../src/adapters/sql-sessions/statements.js';
import { ConfigurationError } from '../../../../src/model/errors.js';
import { simulatedClock } from '../../../../src/testing/simulated-clock.js';
import { ACCOUNT } from '../../../support/postgres.js';
import { describeWith, postgresql } from '../../../support/requires.js';
import { create, World } from './world.js';

const LATEST = migrations('any').length;

describeWith(postgresql, 'the schema of postgresSessionManager', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  }, 60_000);
  afterEach(async () => {
    await world.next();
    await world.postgres.sql(`GRANT CREATE ON DATABASE postgres TO ${ACCOUNT.user}`);
  });
  afterAll(() => world?.stop());

  describe('migrations', () => {
    test('of ten nodes that start at once, one migrates, and all work', async () => {
      const nodes = Array.from({ length: 10 }, () => world.node({ maxConnections: 2 }));
      await Promise.all(nodes.map((node) => node.open()));
      const versions = await world.sql('SELECT version FROM migration ORDER BY version');
      expect(versions).toEqual(Array.from({ length: LATEST }, (_, index) => `${index + 1}`));
      const sessions = await Promise.all(nodes.map((node) => create(node)));
      expect(new Set(sessions.map(({ session_id }) => session_id)).size).toBe(10);
    });

    test('go on from the version that is there', async () => {
      await world.sql(`CREATE SCHEMA ${world.schema} AUTHORIZATION ${ACCOUNT.user}`);
      const first = migrations(world.schema)[0];
      await world.sql(`SET ROLE ${ACCOUNT.user}; ${first}; INSERT INTO migration (version) VALUES (1)`);
      await create(world.node());
      expect(await world.sql('SELECT max(version) FROM migration')).toEqual([`${LATEST}`]);
    });

    test('are undone whole if they fail, and are tried again', async () => {
      await world.sql(`CREATE SCHEMA ${world.schema} AUTHORIZATION ${ACCOUNT.user}; CREATE TABLE session (x int)`);
      const node = world.node();
      await expect(node.open()).rejects.toMatchObject({
        code: 'backend_fault',
        message: expect.stringMatching(/has tables that session-init has not made/),
      });
      expect(await world.sql("SELECT to_regclass('migration') IS NULL")).toEqual(['t']);
      await world.sql('DROP TABLE session');
      await node.open();
    });

    test('a later version has written it: refused, and left as it is', async () => {
      await world.node().open();
      await world.sql('INSERT INTO migration (version) VALUES (99)');
      const node = world.node();
      await expect(node.open()).rejects.toThrow(ConfigurationError);
      await expect(create(node)).rejects.toThrow(/by a later version of session-init \(schema 99; this one knows \d/);
    });

    test('rights that are missing are named; who may not create can use what is there', async () => {
      await world.postgres.sql(`REVOKE CREATE ON DATABASE postgres FROM ${ACCOUNT.user}`);
      const node = world.node();
      await expect(node.open()).rejects.toMatchObject({
        code: 'backend_fault',
        message: expect.stringMatching(/user lacks a right\. Let the owner of the schema open it once/),
      });
      await world.node({ user: 'test' }).open();
      await expect(node.open()).rejects.toThrow(/user lacks a right/);
      await world.sql(`GRANT USAGE ON SCHEMA ${world.schema} TO ${ACCOUNT.user};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${world.schema} TO ${ACCOUNT.user}`);
      const { session_id } = await create(node);
      expect(await node.refresh(session_id)).toBeDefined();
      expect(await node.remove(session_id)).toBe(true);
      expect(await node.removeExpired(10)).toEqual([]);
    });

    test('the first is as it was released: what changes in it needs another', () => {
      expect(hash('sha256', migrations('any')[0] ?? '')).toBe(
        'de9faf50a0c0fe113b1d4e42e998915d546b8defd2c2c179f34c7a7d8264b28c',
      );
    });
  });

  describe('indexes', () => {
    test('every statement goes by one, even if it was planned when there was nothing', async () => {
      await world.node().open();
      await world.sql('ANALYZE session');
      const texts = Object.values(sqlStatements(postgresDialect(world.schema))).flat();
      const unlimited = texts.filter((text) => !text.startsWith('INSERT') || text.includes('WHERE'));
      expect(unlimited).toHaveLength(11);
      for (const text of unlimited) {
        const filled = text
          .replaceAll(/:(hash|user)\b/g, "'\\x00'::bytea")
          .replaceAll(':ipAddress', "'::1'")
          .replaceAll(/(?<!:):(?!:)[a-z]\w*/gi, '(SELECT 7::bigint)');
        const plan = (await world.sql(`SET enable_seqscan = off; EXPLAIN ${filled}`)).join('\n');
        expect(plan).not.toMatch(/Seq Scan on session/);
        const indexes = Array.from(plan.matchAll(/(?:using|Index Scan on) (session_\w+)/g), ([, index]) => index);
        if (text.includes('encode(') && !text.startsWith('UPDATE')) {
          expect(new Set(indexes)).toEqual(new Set(['session_of_user']));
        }
      }
    });

    test('a session that is used again within a minute touches none', async () => {
      const clock = simulatedClock();
      const node = world.node({ clock, timeFrom: 'clock' });
      const { session_id } = await create(node);
      for (let second = 0; second < 50; second++) {
        clock.increment(1_000);
        await node.refresh(session_id);
      }
      // A connection tells what it has done as it ends.
      await node.close();
      await world.until(
        "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE schemaname = '" +
          world.schema +
          "' AND relname = 'session'",
        '50|50',
      );
    });

    test('a user name can be longer than what an index takes', async () => {
      const node = world.node({ maxSessionsPerUser: 1 });
      const names = [
        'ü'.repeat(5_000),
        `${'ü'.repeat(4_999)}y`,
        Array.from({ length: 4_000 }, (_, i) => String.fromCodePoint(0x4e00 + ((i * 7_919) % 20_000))).join(''),
      ];
      const sessions = [];
      for (const name of names) sessions.push(await create(node, name));
      for (const [index, name] of names.entries()) {
        expect((await node.listByUser(name)).map(({ session_id }) => session_id)).toEqual([
          sessions[index]?.session_id,
        ]);
      }
    });
  });

  test('what has expired is removed past rows that somebody else holds', async () => {
    const clock = simulatedClock();
    const node = world.node({ clock, timeFrom: 'clock', idleTimeout: 1_000 });
    const [held, free] = [await create(node), await create(node)];
    clock.increment(1_000);
    const holding = world.sql(
      `BEGIN; SELECT FROM session WHERE id = ${held.session_id} FOR UPDATE; SELECT pg_sleep(60)`,
    );
    holding.catch(() => {});
    await world.until("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", '1');
    expect((await node.removeExpired(10)).map(({ session_id }) => session_id)).toEqual([free.session_id]);
    await world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    await world.until("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", '0');
    expect(await node.removeExpired(10)).toHaveLength(1);
  });

  test('ids go on where the last one was, whatever was removed', async () => {
    const node = world.node();
    const { session_id } = await create(node);
    await world.sql('DELETE FROM session');
    await world.node().open();
    expect((await create(world.node())).session_id).toBe(session_id + 1);
  });
});

describe('options of postgresSessionManager', () => {
  const WHERE = { host: 'db.example.com', database: 'app', user: 'app' };

  function problemsOf(options: object): readonly string[] {
    try {
      postgresSessionManager(options as PostgresSessionManagerOptions);
      return [];
    } catch (error) {
      if (error instanceof ConfigurationError) return error.problems;
      throw error;
    }
  }

  test.each<[Record<string, unknown>, RegExp]>([
    [{ host: '' }, /host must be given/],
    [{ schema: 'Upper' }, /schema must be of lower-case letters/],
    [{ schema: 'a"; DROP SCHEMA app; --' }, /schema must be of lower-case letters/],
    [{ schema: 'x'.repeat(41) }, /schema must be of lower-case letters/],
    [{ timeout: 0 }, /timeout must be a positive integer/],
    [{ timeFrom: 'sun' }, /timeFrom must be store or clock/],
    [{ maxQueued: -1 }, /maxQueued must be an integer/],
    [{ limitPolicy: 'some' }, /limitPolicy must be one of/],
    [{ Schema: 'x' }, /has no option Schema\. Is schema meant/],
    [{ url: 'postgres://app@db.example.com/app' }, /^host is in url already/],
  ])('%j', (wrong, problem) => {
    expect(problemsOf({ ...WHERE, ...wrong }).join('\n')).toMatch(problem);
  });

  test.each([
    'db.example.com',
    'http://app:marked-secret@db.example.com/app',
    'postgres://app:marked-secret@db.example.com/app?sslmode=disable',
    'postgres://app:marked-secret@db.example.com/app#x',
    'postgres://app:marked-secret@db.example.com/%ff',
    'postgres://app:marked-secret@db.example.com/',
    'postgres://app:marked-secret@/app',
  ])('a url that is none tells nothing of what is in it: %s', (url) => {
    const problems = problemsOf({ url });
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain('marked-secret');
  });

  test.each([
    'postgres://app:marked%40secret@db.example.com:6432/app',
    'postgresql://app@[::1]/my%20app',
    'postgres://app@127.0.0.1/app',
  ])('a url that is one: %s', (url) => {
    expect(problemsOf({ url, maxConnections: 3 })).toEqual([]);
  });

  test('nothing is opened before somebody asks', async () => {
    const node = postgresSessionManager(WHERE);
    await node.close();
    await node.close();
    await expect(node.open()).rejects.toMatchObject({ code: 'closed' });
  });

  test('statements have names that no other has', () => {
    const names = Object.values(preparedStatements('any')).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
