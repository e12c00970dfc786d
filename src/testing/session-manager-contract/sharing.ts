import assert from 'node:assert/strict';
import { sharedRaceCases } from './races.js';
import { assertEnded, assertLive, type Cases, establish, establishMany, sweep } from './stage.js';

/** Two managers on one store, as two nodes of a service have them. */
export const sharingCases: Cases = {
  'ASVS 7.4.1: what one manager does, another on the same store knows at once': async (stage) => {
    const options = { idleTimeout: 1_000, limitPolicy: 'evictOldest', maxSessionsPerUser: 2 } as const;
    const [here, there] = [await stage.open(options), await stage.attach(options)];
    const first = await establish(here);
    await assertLive(there, first);
    stage.clock.increment(600);
    await there.refresh(first.id);
    stage.clock.increment(600);
    await assertLive(here, first);
    const second = await establish(there);
    const third = await establish(here);
    assert.deepEqual(third.evicted, [first.id], 'the limit counts the sessions of both');
    await assertEnded(there, first);
    assert.equal(await here.remove(second.id), true);
    await assertEnded(there, second);
    assert.equal(await there.remove(second.id), false);
    stage.clock.increment(1_000);
    await assertEnded(there, third);
    assert.equal((await sweep(there, 10)).length, 1);
    assert.deepEqual(await sweep(here, 10), []);
  },

  'sessions outlive the manager that created them, and ids go on': async (stage) => {
    const here = await stage.open();
    const established = await establishMany(here, 3);
    const removed = await establish(here);
    await here.remove(removed.id);
    await here.close?.();
    const there = await stage.attach();
    for (const each of established) await assertLive(there, each);
    await assertEnded(there, removed);
    assert.notEqual((await establish(there)).id, removed.id, 'the id of a removed session is not used again');
  },

  ...sharedRaceCases,
};
