import assert from 'node:assert/strict';
import type { SessionManager } from '../../adapters/ports.js';
import { assertEnded, assertLive, type Cases, establish, establishMany, listedIds } from './stage.js';

async function assertLimitReached(manager: SessionManager, user = 'alice'): Promise<void> {
  const before = await listedIds(manager, user);
  const { signal } = new AbortController();
  const creation = await manager.create({ user, ipAddress: '192.0.2.1' }, { signal });
  assert.equal(creation.outcome, 'limitReached');
  assert.deepEqual(await listedIds(manager, user), before, 'nothing was created or ended');
}

/** The four limit policies, one call after the other. */
export const limitCases: Cases = {
  'allow: there is no limit': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'allow', maxSessionsPerUser: 2 });
    const established = await establishMany(manager, 6);
    for (const each of established) {
      assert.deepEqual(each.evicted, []);
      await assertLive(manager, each);
    }
  },

  'evictOldest: the oldest session makes room, and its id is told': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'evictOldest', maxSessionsPerUser: 3 });
    const bobs = await establishMany(manager, 3, 'bob');
    const [first, second, third] = await establishMany(manager, 3);
    assert.ok(first && second && third);
    stage.clock.increment(10);
    await manager.refresh(first.id);
    const fourth = await establish(manager);
    assert.deepEqual(fourth.evicted, [first.id], 'the one that was created first, however much it is used');
    await assertEnded(manager, first);
    assert.equal(await manager.remove(first.id), false, 'it is gone');
    const fifth = await establish(manager);
    assert.deepEqual(fifth.evicted, [second.id]);
    for (const each of [third, fourth, fifth, ...bobs]) await assertLive(manager, each);
  },

  'refuse: at the limit nothing is created, until a session is removed or expires': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'refuse', maxSessionsPerUser: 2, idleTimeout: 1_000 });
    const [first, second] = await establishMany(manager, 2);
    assert.ok(first && second);
    await assertLimitReached(manager);
    await establishMany(manager, 2, 'bob');
    await manager.remove(first.id);
    stage.clock.increment(500);
    const third = await establish(manager);
    await assertLimitReached(manager);
    stage.clock.increment(500);
    const fourth = await establish(manager);
    await assertLimitReached(manager);
    await assertEnded(manager, second);
    for (const each of [third, fourth]) await assertLive(manager, each);
  },

  'ASVS 7.2.4: reuse gives the live session back under a fresh secret, and the old one stops working': async (
    stage,
  ) => {
    const manager = await stage.open({ limitPolicy: 'reuse', idleTimeout: 1_000, absoluteLifetime: 2_500 });
    const bobs = await establish(manager, 'bob');
    const first = await establish(manager, 'alice', '192.0.2.1');
    stage.clock.increment(900);
    await manager.refresh(bobs.id);
    const again = await establish(manager, 'alice', '192.0.2.2');
    assert.equal(again.id, first.id, 'it is the same session');
    assert.notEqual(again.secret.reveal(), first.secret.reveal(), 'the secret is fresh');
    assert.equal(await manager.findBySecret(first.secret), undefined, 'the old secret has stopped working');
    const found = await manager.findBySecret(again.secret);
    for (const session of [again.session, found]) {
      assert.equal(session?.ip_address, '192.0.2.2', 'the address is the new one');
      assert.equal(session?.created?.getTime(), first.session.created?.getTime(), 'created stays');
      assert.equal(session?.last_accessed?.getTime(), stage.clock.now(), 'it counts as use');
    }
    await assertLive(manager, again);
    await assertLive(manager, bobs);
    assert.deepEqual(await listedIds(manager, 'alice'), [first.id]);
  },

  'reuse: the absolute lifetime counts from the creation, and what has ended is not reused': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'reuse', idleTimeout: 1_000, absoluteLifetime: 2_500 });
    const first = await establish(manager);
    let latest = first;
    for (const step of [900, 900, 699]) {
      stage.clock.increment(step);
      latest = await establish(manager);
      assert.equal(latest.id, first.id);
    }
    stage.clock.increment(1);
    await assertEnded(manager, latest);
    const next = await establish(manager);
    assert.notEqual(next.id, first.id, 'a session that has ended is not reused');
    stage.clock.increment(1_000);
    await assertEnded(manager, next);
    const afterIdle = await establish(manager);
    assert.ok(![first.id, next.id].includes(afterIdle.id));
    await assertLive(manager, afterIdle);
  },

  'what has expired does not count, swept or not, and is not evicted in place of a live one': async (stage) => {
    for (const limitPolicy of ['evictOldest', 'refuse'] as const) {
      const manager = await stage.open({ limitPolicy, maxSessionsPerUser: 3, idleTimeout: 1_000 });
      const [first, second, third] = await establishMany(manager, 3);
      assert.ok(first && second && third);
      stage.clock.increment(600);
      await manager.refresh(first.id);
      stage.clock.increment(400);
      const [fourth, fifth] = await establishMany(manager, 2);
      assert.ok(fourth && fifth);
      for (const each of [first, fourth, fifth]) await assertLive(manager, each);
      assert.deepEqual([...fourth.evicted, ...fifth.evicted], [], 'no live session had to go');
      for (const each of [second, third]) await assertEnded(manager, each);
    }
  },

  'a limit of 1': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'evictOldest', maxSessionsPerUser: 1 });
    const [first, second] = await establishMany(manager, 2);
    assert.ok(first && second);
    assert.deepEqual(second.evicted, [first.id]);
    await assertEnded(manager, first);
    await assertLive(manager, second);
    const refusing = await stage.open({ limitPolicy: 'refuse', maxSessionsPerUser: 1 });
    await establish(refusing);
    await assertLimitReached(refusing);
  },
};
