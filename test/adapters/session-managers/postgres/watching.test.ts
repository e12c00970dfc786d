import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readToldEnd } from '../../../../src/adapters/session-managers/postgres/told-ends.js';
import { simulatedClock } from '../../../../src/testing/simulated-clock.js';
import { describeWith, postgresql } from '../../../support/requires.js';
import { create, News, until, World } from './world.js';

const LISTENERS = "FROM pg_stat_activity WHERE query ~ '^(LISTEN|SELECT 1$)'";

describeWith(postgresql, 'what nodes on one schema hear of each other', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  }, 60_000);
  afterEach(() => world.next());
  afterAll(() => world?.stop());

  test('what was removed and evicted is told to the others, and not to who did it', async () => {
    const [here, there] = [world.node({ maxSessionsPerUser: 2 }), world.node()];
    const [own, others] = [new News(), new News()];
    here.watch(own);
    there.watch(others);
    await Promise.all([here.open(), there.open()]);
    await world.listening(2);
    const [first, second, third] = [await create(here), await create(here), await create(here)];
    await here.remove(second.session_id);
    await until(() => others.heard.length === 2);
    expect(others.heard).toEqual([
      [first.session_id, 'evicted'],
      [second.session_id, 'removed'],
    ]);
    await there.remove(third.session_id);
    await until(() => own.heard.length === 1);
    expect(own.heard).toEqual([[third.session_id, 'removed']]);
    expect(own.missedCount + others.missedCount).toBe(0);
  });

  test('a thousand that expire at once are all told, with the longest ids that there can be', async () => {
    const here = world.node({ idleTimeout: 1_000, limitPolicy: 'allow' });
    const news = new News();
    world.node().watch(news);
    await here.open();
    await world.listening(1);
    await world.sql(`INSERT INTO session (id, secret_hash, "user", ip_address, created, last_accessed)
      OVERRIDING SYSTEM VALUE SELECT ${Number.MAX_SAFE_INTEGER} - n, sha256(n::text::bytea), 'a', '::1', 0, 0
      FROM generate_series(1, 1000) AS n`);
    expect(await here.removeExpired(2_000)).toHaveLength(1_000);
    await until(() => news.heard.length === 1_000);
    expect(new Set(news.heard.map(([id]) => id)).size).toBe(1_000);
    expect(news.heard.every(([id, cause]) => Number.isSafeInteger(id) && cause === 'expired')).toBe(true);
  });

  test('what is not committed is not told, and what begins is not either', async () => {
    const here = world.node({ maxSessionsPerUser: 1 });
    const news = new News();
    world.node().watch(news);
    const first = await create(here);
    await world.listening(1);
    await world.sql(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';
      CREATE TRIGGER fail BEFORE INSERT ON session FOR EACH ROW EXECUTE FUNCTION fail()`);
    await expect(create(here)).rejects.toMatchObject({ code: 'backend_fault' });
    expect(await here.findById(first.session_id)).toBeDefined();
    await world.sql('DROP TRIGGER fail ON session');
    await create(here);
    await until(() => news.heard.length > 0);
    expect(news.heard).toEqual([[first.session_id, 'evicted']]);
  });

  test('after the connection was cut it is told that something may have been missed, each time', async () => {
    const node = world.node();
    const news = new News();
    node.watch(news);
    await node.open();
    for (let time = 1; time <= 2; time++) {
      await world.listening(1);
      await world.sql(`SELECT pg_terminate_backend(pid) ${LISTENERS}`);
      await until(() => news.missedCount === time);
    }
    const { session_id } = await create(world.node());
    await world.node().remove(session_id);
    await until(() => news.heard.length === 1);
  });

  test('a connection that nothing comes through any more is noticed within seconds', async () => {
    const clock = simulatedClock();
    const proxy = await world.proxy();
    const news = new News();
    world.node({ port: proxy.port, clock, timeFrom: 'clock' }).watch(news);
    await world.listening(1);
    proxy.fault = 'blackHole';
    const begun = clock.monotonic();
    await until(
      () => proxy.accepted > 1,
      () => clock.increment(50),
    );
    expect(clock.monotonic() - begun).toBeLessThan(5_000);
    proxy.fault = 'pass';
    proxy.cut();
    await until(
      () => news.missedCount > 0,
      () => clock.increment(50),
    );
  });

  test('a server that is not there when it begins is waited for', async () => {
    const clock = simulatedClock();
    const proxy = await world.proxy();
    proxy.fault = 'refuse';
    const news = new News();
    world.node({ port: proxy.port, clock, timeFrom: 'clock' }).watch(news);
    await until(
      () => proxy.accepted > 3,
      () => clock.increment(50),
    );
    proxy.fault = 'pass';
    await until(
      () => news.missedCount === 1,
      () => clock.increment(50),
    );
  });

  test('who has stopped to listen hears nothing; the last one takes the connection along; close does, too', async () => {
    const [here, there] = [world.node(), world.node()];
    const [stays, leaves, throws] = [new News(), new News(), new News()];
    throws.ended = () => {
      throw new Error('a fault of the listener');
    };
    there.watch(throws);
    const stop = there.watch(leaves);
    const stopLast = there.watch(stays);
    const { session_id } = await create(here);
    await world.listening(1);
    stop();
    stop();
    await here.remove(session_id);
    await until(() => stays.heard.length === 1);
    expect(leaves.heard).toEqual([]);
    there.watch(leaves)();
    await there.close();
    stopLast();
    await world.until(`SELECT count(*) ${LISTENERS}`, '0');
    expect(() => there.watch(stays)).toThrow(/is closed/);
    const stopOnly = here.watch(stays);
    await world.listening(1);
    stopOnly();
    await world.until(`SELECT count(*) ${LISTENERS}`, '0');
  });
});

describe('what stands in a notification', () => {
  test.each([
    ['removed n-1 7', { node: 'n-1', cause: 'removed', ids: [7] }],
    ['expired _ 7,8,9', { node: '_', cause: 'expired', ids: [7, 8, 9] }],
  ])('%s', (payload, told) => {
    expect(readToldEnd(payload)).toEqual(told);
  });

  test.each([
    '',
    'removed',
    'removed n',
    'removed n ',
    'removed n 0',
    'removed n 7,',
    'killed n 7',
    'removed n 7 8',
    7,
  ])('what nobody here has said is nothing: %j', (payload) => {
    expect(readToldEnd(payload)).toBeUndefined();
  });
});
