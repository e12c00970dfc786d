import assert from 'node:assert/strict';
import { FullAuthSession } from '../../model/session.js';
import { assertEnded, assertLive, type Cases, establish, establishMany, listedIds, sweep } from './stage.js';

/** Creation, look-up and removal. */
export const creationCases: Cases = {
  'has a name': async (stage) => {
    assert.match((await stage.open()).name, /\S/);
  },

  'create gives a session with every property and a secret of 64 lower-case hex characters': async (stage) => {
    const manager = await stage.open();
    stage.clock.increment(12_345);
    const { session, secret } = await establish(manager, 'alice', '2001:db8::1');
    assert.ok(Number.isSafeInteger(session.session_id) && session.session_id > 0, 'session_id is positive');
    assert.match(secret.reveal(), /^[0-9a-f]{64}$/, 'session_secret is of 64 lower-case hex characters');
    assert.equal(session.user, 'alice');
    assert.equal(session.ip_address, '2001:db8::1');
    assert.equal(session.created?.getTime(), stage.clock.now(), 'created is now');
    assert.equal(session.last_accessed?.getTime(), stage.clock.now(), 'last_accessed is now');
  },

  'every session has an id and a secret of its own, also in parallel': async (stage) => {
    const manager = await stage.open({ limitPolicy: 'allow' });
    const users = ['alice', 'bob', 'carol'];
    const established = await Promise.all(
      Array.from({ length: stage.parallel }, (_, i) => establish(manager, users[i % users.length])),
    );
    assert.equal(new Set(established.map(({ id }) => id)).size, stage.parallel, 'ids differ');
    assert.equal(new Set(established.map(({ secret }) => secret.reveal())).size, stage.parallel, 'secrets differ');
    for (const { id, secret, session } of established) {
      const found = await manager.findBySecret(secret);
      assert.deepEqual([found?.session_id, found?.user], [id, session.user]);
    }
  },

  'a session is found by its secret, by its id and in its list, as it was created': async (stage) => {
    const manager = await stage.open();
    await establish(manager, 'bob', '192.0.2.200');
    const { id, secret, session } = await establish(manager, 'alice', '192.0.2.100');
    stage.clock.increment(1_000);
    const [listed, ...others] = await manager.listByUser('alice');
    assert.equal(others.length, 0, "only alice's session is listed");
    for (const found of [await manager.findBySecret(secret), await manager.findById(id), listed]) {
      assert.ok(found instanceof FullAuthSession, 'a FullAuthSession is found');
      assert.deepEqual(found.created, session.created);
      assert.deepEqual(found.last_accessed, session.last_accessed);
      assert.deepEqual([found.session_id, found.user, found.ip_address], [id, 'alice', '192.0.2.100']);
    }
  },

  'no secret is returned except by create': async (stage) => {
    const manager = await stage.open({ idleTimeout: 1_000 });
    const { id, secret } = await establish(manager);
    const returned = [
      await manager.findBySecret(secret),
      await manager.findById(id),
      await manager.refresh(id),
      ...(await manager.listByUser('alice')),
      ...(await manager.listByUser(undefined)),
    ];
    stage.clock.increment(1_000);
    returned.push(...(await sweep(manager, 10)));
    assert.equal(returned.length, 6);
    for (const session of returned) assert.equal(session?.session_secret, undefined, 'no secret is returned');
  },

  'what a caller does to a returned session changes nothing in the store': async (stage) => {
    const manager = await stage.open();
    const established = await establish(manager);
    const created = established.session.created?.getTime();
    established.session.created?.setTime(0);
    established.session.last_accessed?.setTime(0);
    const found = await manager.findById(established.id);
    found?.created?.setTime(1);
    found?.last_accessed?.setTime(1);
    await assertLive(manager, established);
    assert.equal((await manager.findById(established.id))?.created?.getTime(), created);
  },

  'ASVS 7.4.1: a removed session is found no more, and its id is not used again': async (stage) => {
    const manager = await stage.open();
    const [kept, removed] = [await establish(manager), await establish(manager)];
    assert.equal(await manager.remove(removed.id), true, 'there was such a session');
    await assertEnded(manager, removed);
    await assertLive(manager, kept);
    assert.equal(await manager.remove(removed.id), false, 'there is none any more');
    assert.ok((await establish(manager)).id !== removed.id, 'its id is not used again');
    await assertEnded(manager, removed);
  },

  'of many parallel removals of a session, one removes it': async (stage) => {
    const manager = await stage.open();
    const established = await establish(manager);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, i) =>
        i % 2 === 0 ? manager.remove(established.id) : manager.refresh(established.id).then(() => false),
      ),
    );
    assert.equal(outcomes.filter(Boolean).length, 1, 'one call says that it removed the session');
    await assertEnded(manager, established);
  },

  "ASVS 7.4.2, 7.4.5: a user's sessions, or all, can be ended at once": async (stage) => {
    const manager = await stage.open();
    const [alices, bobs] = [await establishMany(manager, 3, 'alice'), await establishMany(manager, 2, 'bob')];
    for (const id of await listedIds(manager, 'alice')) await manager.remove(id);
    for (const established of alices) await assertEnded(manager, established);
    for (const established of bobs) await assertLive(manager, established);
    for (const id of await listedIds(manager)) await manager.remove(id);
    for (const established of bobs) await assertEnded(manager, established);
    assert.deepEqual(await listedIds(manager), []);
  },
};
