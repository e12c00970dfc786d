import { expect, test } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import { closeAfterTest } from '../support/close-after-test.js';
import { expectAnsweredInTime, lostSessions } from '../support/expect-load.js';
import { InitLoad } from '../support/init-load.js';
import { Redis, RedisCluster } from '../support/redis.js';
import { describeWith, postgresql, redisServer } from '../support/requires.js';
import {
  patientSessionManager,
  postgresStore,
  redisStore,
  type SharedSessions,
  sharedSessionManager,
  startPostgres,
} from '../support/shared-stores.js';

const OPTIONS = { timeout: 1_000 };

/** What two nodes are told while a store fails, and comes back. @returns what was granted, and what of it is lost */
async function sessionsLost(sessions: SharedSessions, fail: () => Promise<void>, comeBack: () => Promise<void>) {
  const load = closeAfterTest(new InitLoad([sharedSessionManager(sessions), sharedSessionManager(sessions)]));
  await load.until('granted', 50);
  await fail();
  const failedAt = performance.now();
  await load.until('failed', 5);
  const backAt = performance.now();
  await comeBack();
  await load.recovered(100);
  await load.finish();
  expectAnsweredInTime(load);
  const judge: SessionManager = closeAfterTest(patientSessionManager(sessions));
  const lost = await lostSessions(judge, load);
  return { lost, granted: load.granted, failedAt, backAt };
}

describeWith(postgresql, 'PostgreSQL is restarted under load', () => {
  test.each(['SIGINT', 'SIGQUIT'] as const)(
    '%s: each init gets its one answer in time, and nothing that was granted is lost',
    async (signal) => {
      const postgres = closeAfterTest(await startPostgres());
      const sessions = postgresStore(postgres.port).fresh(OPTIONS);
      const { lost } = await sessionsLost(
        sessions,
        () => postgres.kill(signal),
        () => postgres.run(),
      );
      expect(lost).toEqual([]);
    },
  );
});

describeWith(redisServer, 'Redis is killed under load', () => {
  test('and comes back with all that was granted, if it writes before it answers', async () => {
    const redis = closeAfterTest(await Redis.start('--appendonly', 'yes', '--appendfsync', 'always'));
    const sessions = redisStore({ url: redis.url }, [redis]).fresh(OPTIONS);
    const { lost } = await sessionsLost(
      sessions,
      () => redis.kill(),
      () => redis.run(),
    );
    expect(lost).toEqual([]);
  });

  test('and comes back with all but the latest, if it writes every second', async () => {
    const redis = closeAfterTest(await Redis.start('--appendonly', 'yes', '--appendfsync', 'everysec'));
    const sessions = redisStore({ url: redis.url }, [redis]).fresh(OPTIONS);
    const { lost, failedAt } = await sessionsLost(
      sessions,
      () => redis.kill(),
      () => redis.run(),
    );
    for (const { at } of lost) expect(failedAt - at).toBeLessThan(2_500);
  });

  test('without a file: nothing that was granted is there, and nothing else either', async () => {
    const redis = closeAfterTest(await Redis.start());
    const sessions = redisStore({ url: redis.url }, [redis]).fresh(OPTIONS);
    const { lost, granted, failedAt, backAt } = await sessionsLost(
      sessions,
      () => redis.kill(),
      () => redis.run(),
    );
    expect(lost).toEqual(expect.arrayContaining(granted.filter(({ at }) => at < failedAt)));
    for (const { at } of lost) expect(at).toBeLessThan(backAt);
  });

  test('a master of a cluster: its replica takes over, with all but what it was not told in time', async () => {
    const settings = ['--cluster-node-timeout', '1000', '--cluster-replica-validity-factor', '0'];
    const cluster = closeAfterTest(await RedisCluster.start({ replicas: 1, settings }));
    const sessions = redisStore({ cluster: cluster.urls }, cluster.servers).fresh(OPTIONS);
    const [master] = cluster.servers as [Redis];
    const { lost, granted, failedAt } = await sessionsLost(
      sessions,
      () => master.kill(),
      async () => {},
    );
    console.log(`Of ${granted.length} sessions that were granted ${lost.length} were lost with the master.`);
    for (const { at } of lost) expect(failedAt - at).toBeLessThan(1_000);
  });
});
