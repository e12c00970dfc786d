import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import { closeAfterTest } from '../support/close-after-test.js';
import { expectAnsweredInTime, lostSessions } from '../support/expect-load.js';
import { InitLoad } from '../support/init-load.js';
import { LookUpLoad } from '../support/look-up-load.js';
import { News } from '../support/news.js';
import { Redis } from '../support/redis.js';
import { RedisSentinels } from '../support/redis-sentinels.js';
import { describeWith, redisServer } from '../support/requires.js';
import { patientSessionManager, redisStore, sharedSessionManager } from '../support/shared-stores.js';

const { signal } = new AbortController();

interface Servers {
  master: Redis;
  replica: Redis;
  sentinels: RedisSentinels;
}

async function start(): Promise<Servers> {
  // The master takes changes only while it has a replica: one that is relieved learns of that last of all.
  const master = await Redis.start('--repl-diskless-sync-delay', '0', '--min-replicas-to-write', '1');
  const replica = await Redis.start('--replicaof', '127.0.0.1', `${master.port}`);
  const sentinels = await RedisSentinels.start(master.port, { replicas: 1 });
  while (!(await replica.cli('INFO', 'replication')).includes('master_link_status:up')) await wait(20);
  return { master, replica, sentinels };
}

async function created(manager: SessionManager, user: string): Promise<number> {
  const creation = await manager.create({ user, ipAddress: '192.0.2.1' }, { signal });
  if (creation.outcome !== 'created') throw new Error(creation.outcome);
  return creation.session.session_id;
}

const FAILOVERS: readonly {
  name: string;
  fail: (servers: Servers) => unknown;
  /** What becomes of the old master, once another has taken over. */
  comeBack?: (servers: Servers) => unknown;
}[] = [
  { name: 'is killed', fail: ({ master }) => master.kill() },
  { name: 'stands still for a while', fail: ({ master }) => master.pause(), comeBack: ({ master }) => master.resume() },
  {
    name: 'is relieved',
    fail: ({ sentinels }) => sentinels.failOver(),
    // Sentinel lets it know some seconds later. The nodes did not wait for that.
    comeBack: async ({ master }) => expect(await master.cli('ROLE')).toMatch(/^master/),
  },
];

describeWith(redisServer, 'Sentinel has a replica take over', () => {
  const worlds = new Map<string, Servers>();
  beforeAll(async () => {
    await Promise.all(FAILOVERS.map(async ({ name }) => worlds.set(name, await start())));
  });
  afterAll(async () => {
    const servers = [...worlds.values()];
    await Promise.all(servers.map(({ sentinels }) => sentinels.stop()));
    await Promise.all(servers.flatMap(({ master, replica }) => [master.stop(), replica.stop()]));
  });

  test.each(FAILOVERS)(
    'ASVS 16.5.2: the master $name under load: each call is answered in time, and nothing that was replicated is lost',
    async ({ name, fail, comeBack }) => {
      const servers = worlds.get(name) as Servers;
      const { master, replica, sentinels } = servers;
      const sessions = redisStore({ sentinel: sentinels.where }, []).fresh({ timeout: 1_000 });
      const news = new News();
      const there: SessionManager = closeAfterTest(sharedSessionManager(sessions));
      there.watch?.(news);
      while (!(await master.cli('PUBSUB', 'CHANNELS')).includes(':ended')) await wait(20);
      const load = closeAfterTest(new InitLoad([sharedSessionManager(sessions), sharedSessionManager(sessions)], 2));
      const lookUps = closeAfterTest(new LookUpLoad(sharedSessionManager(sessions), load));
      await load.until('granted', 50);
      const replicated = load.granted.length;
      for (const offset = await master.offset(); (await replica.offset()) < offset; );

      await fail(servers);
      await load.until('failed', 1);
      while ((await sentinels.master()) !== replica.port) await wait(20);
      await load.recovered(100);
      const recovered = load.granted.length;
      await comeBack?.(servers);
      await load.until('granted', 200);
      await lookUps.recovered(100);
      await load.finish();
      await lookUps.finish();

      expectAnsweredInTime(load);
      const judge: SessionManager = closeAfterTest(patientSessionManager(sessions));
      const lost = new Set((await lostSessions(judge, load)).map(({ session }) => session.id));
      console.log(`Of ${load.granted.length} sessions that were granted ${lost.size} were lost: the master ${name}.`);
      const safe = [...load.granted.slice(0, replicated), ...load.granted.slice(recovered)];
      expect(safe.filter(({ session }) => lost.has(session.id))).toEqual([]);
      expect(lookUps.unknown.filter((id) => !lost.has(id))).toEqual([]);

      await news.missedAtLeast(1);
      const id = await created(judge, 'alice');
      expect((await there.findById(id))?.user).toBe('alice');
      await judge.remove(id, { signal });
      while (!news.heard.some(([ended]) => ended === id)) await news.atLeast(news.heard.length + 1);
      expect(await there.findById(id)).toBeUndefined();
    },
  );
});
