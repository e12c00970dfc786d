import assert from 'node:assert/strict';
import type { SessionCreation, SessionManager } from '../../adapters/ports.js';
import type { SessionLimitPolicy } from '../../index.js';
import { type Cases, listedIds } from './stage.js';

const LIMIT = 10;

type Created = Extract<SessionCreation, { outcome: 'created' }>;

/** What came of creations that were all under way at once, spread over the managers. */
async function race(managers: readonly SessionManager[], count: number): Promise<Created[]> {
  const { signal } = new AbortController();
  const creations = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const manager = managers[i % managers.length] as SessionManager;
      return manager.create({ user: 'alice', ipAddress: '192.0.2.1' }, { signal });
    }),
  );
  return creations.filter((creation) => creation.outcome === 'created');
}

/** Holds what a race must leave behind, whoever won it. */
async function assertFairRace(managers: readonly SessionManager[], policy: SessionLimitPolicy, count: number) {
  const created = await race(managers, count);
  const [manager] = managers as [SessionManager];
  const live = await listedIds(manager, 'alice', { limit: count });
  const working = [];
  for (const { session } of created) {
    assert.ok(session.session_secret, 'create returns the secret');
    const found = await manager.findBySecret(session.session_secret);
    if (found !== undefined) working.push(found.session_id);
    for (const other of managers) {
      const seen = await other.findBySecret(session.session_secret);
      assert.equal(seen?.session_id, found?.session_id, 'all managers find the same session');
    }
  }
  assert.deepEqual(
    working.sort((a, b) => a - b),
    live,
    'each live session has one secret that works, and no other does',
  );
  const ids = created.map(({ session }) => session.session_id);
  const evicted = created.flatMap((creation) => creation.evicted ?? []);
  const atMost = Math.min(count, LIMIT);
  const expected = { allow: count, reuse: 1, evictOldest: atMost, refuse: atMost }[policy];
  assert.equal(live.length, expected, `${expected} sessions are live`);
  if (policy === 'reuse') {
    assert.deepEqual([...new Set(ids)], live, 'it is one session throughout');
    return;
  }
  assert.equal(new Set(ids).size, ids.length, 'ids differ');
  assert.equal(ids.length, policy === 'refuse' ? atMost : count, 'as many were created as the policy says');
  const ended = ids.filter((id) => !live.includes(id));
  assert.deepEqual(
    evicted.sort((a, b) => a - b),
    ended.sort((a, b) => a - b),
    'each evicted id is told once',
  );
}

const policies: readonly SessionLimitPolicy[] = ['allow', 'reuse', 'evictOldest', 'refuse'];

/** The limit policies under calls that come all at once. */
export const raceCases: Cases = Object.fromEntries(
  policies.map((limitPolicy) => [
    `ASVS 7.1.2, 15.4.2: ${limitPolicy} holds under parallel creations`,
    async (stage) => {
      const manager = await stage.open({ limitPolicy, maxSessionsPerUser: LIMIT });
      await assertFairRace([manager], limitPolicy, stage.parallel);
    },
  ]),
);

/** The same, from two managers on one store. */
export const sharedRaceCases: Cases = Object.fromEntries(
  policies.map((limitPolicy) => [
    `ASVS 7.1.2, 15.4.2: ${limitPolicy} holds under parallel creations by two managers on one store`,
    async (stage) => {
      const options = { limitPolicy, maxSessionsPerUser: LIMIT };
      const managers = [await stage.open(options), await stage.attach(options)];
      await assertFairRace(managers, limitPolicy, stage.parallel);
    },
  ]),
);
