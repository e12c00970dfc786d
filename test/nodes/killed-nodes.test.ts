import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import { systemClock } from '../../src/model/clock.js';
import { Secret } from '../../src/model/secret.js';
import { describeWith } from '../support/requires.js';
import { SessionNode } from '../support/session-node.js';
import { SHARED_STORES, type SharedStore, sharedSessionManager } from '../support/shared-stores.js';

/** Under each policy: how many users there are, so that most inits are creations, and how many sessions each may have. */
const POLICIES = [
  ['refuse', 40, 5],
  ['evictOldest', 3, 5],
  ['reuse', 3, 1],
] as const;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const { signal } = new AbortController();

const nodes: SessionNode[] = [];
afterEach(() => Promise.all(nodes.splice(0).map((node) => node.kill())));

/** What nodes have given to a user so far. */
function secretsOf(user: string): string[] {
  const given = nodes.flatMap(({ answers }) => answers.filter((answer) => answer.user === user));
  return given.flatMap(({ session }) => session?.secret ?? []);
}

/** What of these secrets opens a session. All of them were given before, so they did so at the same time. */
async function opened(manager: SessionManager, secrets: readonly string[]): Promise<number[]> {
  const found = await Promise.all(secrets.map((secret) => manager.findBySecret(new Secret(secret))));
  return found.flatMap((session) => session?.session_id ?? []).sort((a, b) => a - b);
}

async function listed(manager: SessionManager, user: string): Promise<number[]> {
  return (await manager.listByUser(user)).map(({ session_id }) => session_id);
}

async function created(manager: SessionManager, user: string): Promise<number> {
  const creation = await manager.create({ user, ipAddress: '192.0.2.2' }, { signal });
  if (creation.outcome === 'limitReached') throw new Error('A place is taken by what nobody can have.');
  return creation.session.session_id;
}

for (const { name, requirement, start } of SHARED_STORES) {
  describeWith(requirement, `kill -9 of nodes on ${name} in the middle of creations`, () => {
    let store: SharedStore;
    beforeAll(async () => {
      store = await start();
    });
    afterAll(() => store?.stop());

    test.each(POLICIES)('P8: %s: nothing half-made is valid, and nothing is left after its time', async (...policy) => {
      const [limitPolicy, userCount, limit] = policy;
      const users = Array.from({ length: userCount }, (_, i) => `user ${i}`);
      const sessions = store.fresh({ limitPolicy, maxSessionsPerUser: limit });
      // Somebody who looks on, whose clock can be set ahead.
      let ahead = 0;
      const clock = { ...systemClock, now: () => systemClock.now() + ahead };
      const judge = sharedSessionManager(sessions, { clock, timeFrom: 'clock' });
      let isOver = false;
      async function lookOn(): Promise<void> {
        for (let i = 0; !isOver; i++) {
          const user = users[i % userCount] as string;
          expect((await opened(judge, secretsOf(user).slice(-20))).length).toBeLessThanOrEqual(limit);
          expect((await listed(judge, user)).length).toBeLessThanOrEqual(limit);
        }
      }

      nodes.push(...(await Promise.all([1, 2, 3].map(() => SessionNode.start()))));
      await Promise.all(nodes.map((node) => node.tell('serve', sessions)));
      const lookingOn = lookOn();
      await Promise.all(
        nodes.map(async (node) => {
          const requests = users.map((user) => ({ user, ipAddress: '192.0.2.1' }));
          await node.tell('load', { requests, parallel: 12 });
          await node.answered(1 + Math.floor(Math.random() * 100));
          // Not only right after an answer.
          await wait(Math.random() * 5);
          await node.kill();
        }),
      );
      isOver = true;
      await lookingOn;

      // What was on its way in a node that is dead has been done, or never will be.
      ahead = 20 * SECOND;
      for (const user of users) {
        const before = await listed(judge, user);
        expect(before.length).toBeLessThanOrEqual(limit);
        const secrets = secretsOf(user);
        // Under this policy what was acknowledged stays. No place is taken by what nobody can have.
        if (limitPolicy === 'refuse') expect(await opened(judge, secrets)).toHaveLength(secrets.length);
        const more = limitPolicy === 'refuse' ? limit - before.length : limit;
        const made: number[] = [];
        for (let i = 0; i < more; i++) made.push(await created(judge, user));
        const after = await listed(judge, user);
        expect(after).toEqual(limitPolicy === 'refuse' ? [...before, ...made] : made);
        expect(after).toHaveLength(limit);
        expect(after).toEqual(expect.arrayContaining(await opened(judge, secrets)));
        if (limitPolicy !== 'refuse') expect(await opened(judge, secrets)).toEqual([]);
      }

      ahead = 31 * MINUTE;
      expect(await judge.listByUser(undefined)).toEqual([]);
      await judge.removeExpired(1_000, { signal });
      for (const user of users) {
        expect(await opened(judge, secretsOf(user))).toEqual([]);
        const made: number[] = [];
        for (let i = 0; i < limit; i++) made.push(await created(judge, user));
        expect(await listed(judge, user)).toEqual(made);
      }
      expect(await store.endless()).toEqual([]);
      await judge.close?.();
    });
  });
}
