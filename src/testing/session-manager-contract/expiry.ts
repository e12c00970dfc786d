import assert from 'node:assert/strict';
import { assertEnded, assertLive, type Cases, establish, establishMany, listedIds, sweep } from './stage.js';

/** The idle time-out, the absolute lifetime and the removal of what has expired. */
export const expiryCases: Cases = {
  'ASVS 7.3.1: the idle time-out is enforced to the millisecond on every look-up': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000, absoluteLifetime: 100_000 });
    const established = await establish(manager);
    stage.clock.increment(999);
    await assertLive(manager, established);
    stage.clock.increment(1);
    await assertEnded(manager, established);
    stage.clock.increment(1);
    await assertEnded(manager, established);
  },

  'ASVS 7.3.2: the absolute lifetime is enforced to the millisecond despite activity': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000, absoluteLifetime: 2_500 });
    const established = await establish(manager);
    for (const step of [900, 900, 699]) {
      stage.clock.increment(step);
      const refreshed = await manager.refresh(established.id);
      assert.equal(refreshed?.created?.getTime(), established.session.created?.getTime(), 'created stays');
    }
    await assertLive(manager, established);
    stage.clock.increment(1);
    await assertEnded(manager, established);
  },

  'the defaults are 30 minutes idle and 24 hours in all': async (stage) => {
    const manager = await stage.open();
    const [idle, active] = [await establish(manager), await establish(manager)];
    const minute = 60_000;
    for (let passed = 0; passed < 24 * 60 - 29; passed += 29) {
      stage.clock.increment(29 * minute);
      await manager.refresh(active.id);
      if (passed === 0) await assertLive(manager, idle);
      else await assertEnded(manager, idle);
    }
    stage.clock.set(Number(active.session.created) + 24 * 60 * minute - 1);
    await assertLive(manager, active);
    stage.clock.increment(1);
    await assertEnded(manager, active);
  },

  'refresh marks a session as used now, which moves its idle limit': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000 });
    const [used, unused] = [await establish(manager), await establish(manager)];
    stage.clock.increment(999);
    const refreshed = await manager.refresh(used.id);
    assert.equal(refreshed?.last_accessed?.getTime(), stage.clock.now());
    assert.equal((await manager.findById(used.id))?.last_accessed?.getTime(), stage.clock.now());
    stage.clock.increment(999);
    await assertLive(manager, used);
    await assertEnded(manager, unused);
    stage.clock.increment(1);
    await assertEnded(manager, used);
  },

  'a look-up does not count as use': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000 });
    const established = await establish(manager);
    stage.clock.increment(999);
    await assertLive(manager, established);
    stage.clock.increment(1);
    await assertEnded(manager, established);
  },

  'removeExpired removes every expired session once, at most so many a call, and no live one': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000, absoluteLifetime: 3_000 });
    const old = await establishMany(manager, 4);
    for (let i = 0; i < 3; i += 1) {
      stage.clock.increment(900);
      for (const { id } of old) await manager.refresh(id);
    }
    const idle = await establishMany(manager, 3);
    stage.clock.increment(400);
    const live = await establishMany(manager, 2, 'bob');
    await manager.refresh(live[0]?.id ?? 0);
    assert.deepEqual(await sweep(manager, 0), [], 'a limit of 0 removes nothing');
    assert.equal((await sweep(manager, 3)).length, 3, 'at most 3 are removed');
    const rest = await sweep(manager, 100);
    assert.equal(rest.length, 1, 'the absolute lifetime of 4 sessions is over');
    stage.clock.increment(600);
    const idleRemoved = await sweep(manager, 100);
    assert.deepEqual(idleRemoved.map(({ session_id }) => session_id).sort(), idle.map(({ id }) => id).sort());
    for (const session of idleRemoved) assert.deepEqual([session.user, session.ip_address], ['alice', '192.0.2.1']);
    assert.deepEqual(await sweep(manager, 100), [], 'nothing is left to remove');
    for (const established of [...old, ...idle]) {
      await assertEnded(manager, established);
      assert.equal(await manager.remove(established.id), false, 'it is gone');
    }
    for (const established of live) await assertLive(manager, established);
  },

  'a refreshed session is removed when its new time has come, not before': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000 });
    const established = await establishMany(manager, 5);
    stage.clock.increment(600);
    for (const { id } of established.slice(0, 2)) await manager.refresh(id);
    stage.clock.increment(400);
    assert.equal((await sweep(manager, 100)).length, 3);
    stage.clock.increment(599);
    assert.equal((await sweep(manager, 100)).length, 0);
    stage.clock.increment(1);
    assert.equal((await sweep(manager, 100)).length, 2);
  },

  'parallel calls of removeExpired share the work': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000, limitPolicy: 'allow' });
    await establishMany(manager, 50);
    stage.clock.increment(1_000);
    const removed = (await Promise.all(Array.from({ length: 10 }, () => sweep(manager, 10)))).flat();
    assert.equal(new Set(removed.map(({ session_id }) => session_id)).size, removed.length, 'none is removed twice');
    assert.equal(removed.length + (await sweep(manager, 100)).length, 50);
  },

  'remove takes an expired session that was not swept yet': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000 });
    const { id } = await establish(manager);
    stage.clock.increment(1_000);
    assert.equal(await manager.remove(id), true);
    assert.deepEqual(await sweep(manager, 10), []);
  },

  'a wall clock that jumps back ends no session and brings none back': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000 });
    const ended = await establish(manager);
    stage.clock.increment(500);
    const live = await establish(manager);
    await manager.refresh(live.id);
    stage.clock.increment(500);
    await assertEnded(manager, ended);
    for (const jump of [-700, -3_600_000, -40 * 365 * 24 * 3_600_000]) {
      const before = Number((await manager.findById(live.id))?.last_accessed);
      stage.clock.jump(jump);
      await assertLive(manager, live);
      await assertEnded(manager, ended);
      const refreshed = await manager.refresh(live.id);
      assert.ok(Number(refreshed?.last_accessed) >= before, 'last_accessed does not go back');
      assert.ok(Number(refreshed?.last_accessed) >= Number(refreshed?.created), 'it is not before created');
      await assertLive(manager, await establish(manager));
    }
    assert.deepEqual(await listedIds(manager, 'bob'), []);
  },

  'a wall clock that leaps ahead ends what would have ended by then': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000 });
    const established = await establish(manager);
    stage.clock.jump(999);
    await assertLive(manager, established);
    stage.clock.jump(1);
    await assertEnded(manager, established);
    await assertLive(manager, await establish(manager));
  },
};
