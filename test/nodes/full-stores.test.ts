import { expect, test } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import { closeAfterTest } from '../support/close-after-test.js';
import { expectAnsweredInTime, lostSessions } from '../support/expect-load.js';
import { type GrantedSession, InitLoad } from '../support/init-load.js';
import { Redis, RedisCluster } from '../support/redis.js';
import { describeWith, postgresql, redisServer } from '../support/requires.js';
import {
  postgresStore,
  redisStore,
  type SharedSessions,
  sharedSessionManager,
  startPostgres,
} from '../support/shared-stores.js';

const { signal } = new AbortController();

/** A store that has no room for a while. What needs none goes on, and who creates is told what to do. */
async function expectSurvived(
  sessions: SharedSessions,
  remedy: RegExp,
  fill: () => Promise<unknown>,
  makeRoom: () => Promise<unknown>,
): Promise<void> {
  const load = closeAfterTest(new InitLoad([sharedSessionManager(sessions)]));
  const other: SessionManager = closeAfterTest(sharedSessionManager(sessions));
  await load.until('granted', 20);
  await fill();
  await load.until('failed', 10);

  const [first, second] = load.granted.map(({ session }) => session) as [GrantedSession, GrantedSession];
  expect((await other.findBySecret(first.secret))?.session_id).toBe(first.id);
  expect((await other.findById(first.id))?.session_id).toBe(first.id);
  expect((await other.listByUser(undefined)).map(({ session_id }) => session_id)).toContain(first.id);
  expect((await other.refresh(first.id))?.session_id).toBe(first.id);
  expect(await other.remove(second.id, { signal })).toBe(true);
  expect(await other.findBySecret(second.secret)).toBeUndefined();
  expect(await other.removeExpired(100, { signal })).toEqual([]);

  await makeRoom();
  await load.recovered(30);
  await load.finish();
  expectAnsweredInTime(load);
  for (const { cause } of load.answers) {
    if (cause !== undefined) expect(cause).toMatchObject({ message: expect.stringMatching(remedy) });
  }
  expect((await lostSessions(other, load)).map(({ session }) => session.id)).toEqual([second.id]);
}

describeWith(redisServer, 'Redis is full', () => {
  const REMEDY = /maxmemory is reached\. Give it more memory/;
  const fill = (servers: readonly Redis[], maxmemory: string) =>
    Promise.all(servers.map((server) => server.cli('CONFIG', 'SET', 'maxmemory', maxmemory)));

  test('creations fail and say so, the rest goes on, and it recovers when there is room', async () => {
    const redis = closeAfterTest(await Redis.start('--maxmemory-policy', 'noeviction'));
    const sessions = redisStore({ url: redis.url }, [redis]).fresh();
    await expectSurvived(
      sessions,
      REMEDY,
      () => fill([redis], '1kb'),
      () => fill([redis], '0'),
    );
  });

  test('one master of a cluster: the rest goes on, and nothing half-made is left', async () => {
    const cluster = closeAfterTest(await RedisCluster.start({ settings: ['--maxmemory-policy', 'noeviction'] }));
    const sessions = redisStore({ cluster: cluster.urls }, cluster.servers).fresh();
    const full = cluster.servers.slice(0, 1);
    await expectSurvived(
      sessions,
      REMEDY,
      () => fill(full, '1kb'),
      () => fill(full, '0'),
    );
  });
});

describeWith(postgresql, 'the disk of PostgreSQL is full', () => {
  test('creations fail and say so, the rest goes on, and it recovers when there is room', async () => {
    const postgres = closeAfterTest(await startPostgres());
    const sessions = postgresStore(postgres.port).fresh();
    const table = `${(sessions.options as { schema: string }).schema}.session`;
    // What it says when a table cannot grow, word for word, without filling a disk.
    const refuse = `
      CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE 'could not extend file "base/5/16390": No space left on device'
          USING ERRCODE = 'disk_full', HINT = 'Check free disk space.';
      END $$;
      CREATE TRIGGER full_disk BEFORE INSERT ON ${table} EXECUTE FUNCTION disk_is_full()`;
    await expectSurvived(
      sessions,
      /Its disk is full\. Free some space\./,
      () => postgres.sql(refuse),
      () => postgres.sql(`DROP TRIGGER full_disk ON ${table}`),
    );
  });
});
