import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import { loadIoredis } from '../../src/adapters/redis-client/load-ioredis.js';
import { openClient, type RedisClient } from '../../src/adapters/redis-client/open-client.js';
import { readServer } from '../../src/adapters/redis-client/server-options.js';
import { bucketOf, Keys, placeOf } from '../../src/adapters/session-managers/redis/keys.js';
import { newSessionSecret } from '../../src/adapters/session-secret.js';
import { BackendFaultError } from '../../src/model/errors.js';
import type { Secret } from '../../src/model/secret.js';
import { answered } from '../support/answered.js';
import { closeAfterTest } from '../support/close-after-test.js';
import { LimitedLoad } from '../support/limited-load.js';
import { type Redis, RedisCluster } from '../support/redis.js';
import { describeWith, redisServer } from '../support/requires.js';
import {
  patientSessionManager,
  redisStore,
  type SharedOptions,
  type SharedSessions,
  sharedSessionManager,
} from '../support/shared-stores.js';
import { SlotMover } from '../support/slot-mover.js';

const LIMIT = 2;
const BUCKETS = [50, 200];
/** Three of each bucket, so that they meet there. */
const USERS = BUCKETS.flatMap((bucket) =>
  Array.from({ length: 10_000 }, (_, i) => `user ${i}`)
    .filter((user) => bucketOf(user) === bucket)
    .slice(0, 3),
);
const [ALICE] = USERS as [string];
const EVERY_SLOT = Array.from({ length: 16_384 }, (_, slot) => slot);
const SLOT_MOVES = 'Redis failed: its slot moves to another server of the cluster. Try again when it is there.';

const create = (manager: SessionManager, user: string) =>
  manager.create({ user, ipAddress: '192.0.2.1' }, { signal: new AbortController().signal });

/** Creates a session, which must go well. */
async function created(manager: SessionManager, user: string): Promise<{ id: number; secret: Secret }> {
  const creation = await create(manager, user);
  if (creation.outcome !== 'created') throw new Error(creation.outcome);
  const { session_id: id, session_secret: secret } = creation.session;
  return { id, secret: secret as Secret };
}

/** Of one bucket. */
function keysOf({ options }: SharedSessions, bucket: number) {
  const prefix = 'prefix' in options ? options.prefix : undefined;
  const [, ids, ends, pending] = new Keys(prefix as string).bucket(bucket) as [string, string, string, string];
  return { ids, ends, pending };
}

/** So often all servers have answered in this way. */
async function answersOf(servers: readonly Redis[], error: string): Promise<number> {
  const counts = servers.map(async (server) => {
    const [, count = 0] =
      new RegExp(`^errorstat_${error}:count=(\\d+)`, 'm').exec(await server.cli('INFO', 'errorstats')) ?? [];
    return Number(count);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count);
}

describeWith(redisServer, 'slots of a Redis Cluster move', () => {
  let cluster: RedisCluster;
  let mover: SlotMover;
  let client: RedisClient;
  beforeAll(async () => {
    // A master that has no slot stays one.
    cluster = await RedisCluster.start({ spares: 1, settings: ['--cluster-allow-replica-migration', 'no'] });
    mover = await SlotMover.open(cluster.servers);
    client = openClient(await loadIoredis('a test'), readServer({ cluster: cluster.urls }), {});
  });
  afterAll(async () => {
    client?.disconnect();
    await mover?.close();
    await cluster?.stop();
  });
  beforeEach(() => Promise.all(cluster.servers.map((server) => server.cli('CONFIG', 'RESETSTAT'))));

  const fresh = (options: SharedOptions) => redisStore({ cluster: cluster.urls }, cluster.servers).fresh(options);
  const slotOf = (user: string) => mover.slotOf(`{${bucketOf(user)}}`);

  /** When nothing is half-made any more, what buckets know is what can be opened. */
  async function expectWhole(sessions: SharedSessions, manager: SessionManager): Promise<void> {
    for (const bucket of BUCKETS) {
      const { ids, ends, pending } = keysOf(sessions, bucket);
      while ((await client.exists(pending)) === 1) {
        await wait(100);
        await manager.removeExpired(1_000);
      }
      const users = USERS.filter((user) => bucketOf(user) === bucket);
      const lists = await Promise.all(users.map((user) => manager.listByUser(user)));
      const live = lists.flat().map(({ session_id }) => String(placeOf(session_id).number));
      const known = await client.zrange(ids, '0', '-1', 'WITHSCORES');
      expect(known.filter((_, i) => i % 2 === 1).toSorted()).toEqual(live.toSorted());
      expect((await client.zrange(ends, '0', '-1')).toSorted()).toEqual(live.toSorted());
    }
  }

  test('back and forth under load: nothing is lost, nothing comes back, and limits hold', async () => {
    const worlds = (['evictOldest', 'refuse', 'reuse'] as const).map((limitPolicy) => {
      const sessions = fresh({ limitPolicy, maxSessionsPerUser: LIMIT, timeout: 1_000 });
      const managers = [sharedSessionManager(sessions), sharedSessionManager(sessions)];
      return { limitPolicy, sessions, load: closeAfterTest(new LimitedLoad(managers, limitPolicy, USERS)) };
    });
    const recovered = () => Promise.all(worlds.map(({ load }) => load.recovered(50)));
    await recovered();
    // Those of the buckets, and for some of the secrets.
    const slots = [...(await Promise.all(USERS.map(slotOf))), ...EVERY_SLOT.filter((slot) => slot % 32 === 0)];
    for (const to of [3, 0, 1, 3]) {
      const moving = await mover.moving([...new Set(slots)], to);
      await moving.begin();
      await moving.carry(20);
      await moving.finish();
      await recovered();
    }
    for (const answer of ['ASK', 'MOVED', 'TRYAGAIN']) {
      expect(await answersOf(cluster.servers, answer)).toBeGreaterThan(0);
    }
    const judged = worlds.map(async ({ limitPolicy, sessions, load }) => {
      await load.finish();
      for (const fault of load.faults) expect(fault).toMatch(/did not answer within|its slot moves|cannot be reached/);
      const manager = closeAfterTest(patientSessionManager(sessions));
      const most = limitPolicy === 'reuse' ? 1 : LIMIT;
      for (const open of await load.openOnes(manager)) expect(open).toBeLessThanOrEqual(most);
      await expectWhole(sessions, manager);
      await load.openOnes(manager);
      // No place is taken by what is not there.
      for (const user of USERS) {
        for (let i = (await manager.listByUser(user)).length; i < most; i++) await created(manager, user);
        expect((await create(manager, user)).outcome).toBe(limitPolicy === 'refuse' ? 'limitReached' : 'created');
        expect(await manager.listByUser(user)).toHaveLength(most);
      }
    });
    await Promise.all(judged);
  });

  test('what is half-made when its slot begins to move can be evicted, and never opens again', async () => {
    const sessions = fresh({ maxSessionsPerUser: 1 });
    const manager = closeAfterTest(sharedSessionManager(sessions));
    const first = await created(manager, ALICE);
    const { pending } = keysOf(sessions, bucketOf(ALICE));
    while ((await client.exists(pending)) === 1) await wait(10);
    // As a node leaves it that dies before it has settled it.
    await client.hset(pending, placeOf(first.id).number, '+');
    const moving = await mover.movingOn(await slotOf(ALICE));
    await moving.begin();
    const creation = await create(manager, ALICE);
    expect(creation).toMatchObject({ outcome: 'created', evicted: [first.id] });
    await moving.carry(0);
    await moving.finish();
    expect(await manager.findBySecret(first.secret)).toBeUndefined();
    const { id } = await created(manager, ALICE);
    expect((await manager.listByUser(ALICE)).map(({ session_id }) => session_id)).toEqual([id]);
    await expectWhole(sessions, manager);
  });

  test('while a move stands still, calls fail and say why, sessions are found, and all goes on when it does', async () => {
    const manager = closeAfterTest(sharedSessionManager(fresh({ maxSessionsPerUser: 1 })));
    const { id, secret } = await created(manager, ALICE);
    const moving = await mover.movingOn(await slotOf(ALICE));
    await moving.begin();
    const calls = [created(manager, ALICE), manager.refresh(id), manager.remove(id), manager.listByUser(ALICE)];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toEqual({ status: 'rejected', reason: new BackendFaultError(SLOT_MOVES) });
    }
    expect((await manager.findBySecret(secret))?.session_id).toBe(id);
    expect((await manager.findById(id))?.user).toBe(ALICE);
    await moving.carry(0);
    await moving.finish();
    expect((await manager.refresh(id))?.user).toBe(ALICE);
    expect(await manager.remove(id)).toBe(true);
    expect(await manager.findBySecret(secret)).toBeUndefined();
  });

  test('a master that dies when slots are to be its own is a fault of calls, and of nothing else', async () => {
    const manager = closeAfterTest(sharedSessionManager(fresh({})));
    const { id, secret } = await created(manager, ALICE);
    const moving = await mover.moving(EVERY_SLOT, 3);
    const dying = cluster.servers[3] as Redis;
    await moving.begin();
    dying.pause();
    const asked = manager.findBySecret(newSessionSecret()).catch((fault: unknown) => fault);
    while ((await answersOf(cluster.servers.slice(0, 3), 'ASK')) === 0) await wait(10);
    await dying.kill();
    expect(await asked).toBeInstanceOf(BackendFaultError);
    expect((await answered(() => manager.findBySecret(secret)))?.session_id).toBe(id);
    await moving.giveUp();
    // Until they know that it is gone, they may be sent there.
    expect(await answered(() => manager.findBySecret(newSessionSecret()))).toBeUndefined();
    await answered(() => created(manager, ALICE));
  });
});
