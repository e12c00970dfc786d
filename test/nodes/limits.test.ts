import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { SessionLimitPolicy } from '../../src/adapters/session-lifetime.js';
import { describeWith } from '../support/requires.js';
import { type NodeAnswer, type NodeRequest, SessionNode } from '../support/session-node.js';
import { SHARED_STORES, type SharedSessions, type SharedStore } from '../support/shared-stores.js';

const INITS = 1_000;
const LIMIT = 7;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const nodes: SessionNode[] = [];

beforeAll(async () => {
  nodes.push(...(await Promise.all([1, 2, 3, 4].map(() => SessionNode.start()))));
});
afterAll(() => Promise.all(nodes.map((node) => node.kill())));

function everyNode<Result>(run: (node: SessionNode, index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(nodes.map(run));
}

/** Has all nodes serve these sessions, with connections that are there before it comes to a race. */
async function serve(sessions: SharedSessions): Promise<void> {
  await everyNode((node) => node.tell('serve', sessions));
  await initsOf(Array.from({ length: 8 * nodes.length }, (_, i) => `early user ${i}`));
}

/** One request after the other goes to the next node, each from an address of its own. */
async function initsOf(users: readonly string[]): Promise<NodeAnswer[]> {
  const requests = users.map((user, i) => ({ user, ipAddress: `10.0.${i >> 8}.${i & 255}` }));
  const answers = await everyNode((node, index) =>
    node.tell(
      'init',
      requests.filter((_, i) => i % nodes.length === index),
    ),
  );
  return answers.flat();
}

const ids = (found: readonly ({ id: number } | undefined)[]) =>
  found.flatMap((session) => session?.id ?? []).sort((a, b) => a - b);

/** What the secrets of these answers open, as another node sees it: each its own session, or nothing. */
async function openedBy(answers: readonly NodeAnswer[]): Promise<number[]> {
  const sessions = answers.flatMap(({ session }) => session ?? []);
  const [, finder] = nodes as [SessionNode, SessionNode];
  const found = await finder.tell(
    'find',
    sessions.map(({ secret }) => secret),
  );
  found.forEach((session, i) => {
    if (session !== undefined) expect(session).toEqual({ ...sessions[i], secret: undefined });
  });
  return ids(found);
}

function expectOwnSessions(answers: readonly NodeAnswer[]): void {
  for (const { user, ipAddress, session } of answers) {
    if (session !== undefined) expect({ user, ipAddress }).toEqual(plainRequest(session));
  }
}

const plainRequest = ({ user, ipAddress }: NodeRequest) => ({ user, ipAddress });

for (const { name, requirement, start } of SHARED_STORES) {
  describeWith(requirement, `four processes on ${name}`, () => {
    let store: SharedStore;
    beforeAll(async () => {
      store = await start();
    });
    afterAll(() => store?.stop());

    describe('1,000 inits for one user at once', () => {
      test.each<[SessionLimitPolicy, { created: number; live: number }]>([
        ['allow', { created: INITS, live: INITS }],
        ['reuse', { created: INITS, live: 1 }],
        ['evictOldest', { created: INITS, live: LIMIT }],
        ['refuse', { created: LIMIT, live: LIMIT }],
      ])('P8, ASVS 7.1.2, 15.4.2: %s holds', async (limitPolicy, expected) => {
        const users = Array.from({ length: INITS }, () => 'alice');
        await serve(store.fresh({ limitPolicy, maxSessionsPerUser: LIMIT }));
        const answers = await initsOf(users);
        expect(answers).toHaveLength(INITS);
        expectOwnSessions(answers);
        const created = answers.flatMap(({ session }) => session ?? []);
        expect(created).toHaveLength(expected.created);
        for (const { reason, code, session } of answers) {
          if (session === undefined) expect({ reason, code }).toEqual({ reason: 'OTHER', code: 'session_limit' });
        }
        expect(new Set(created.map(({ secret }) => secret)).size).toBe(expected.created);
        expect(new Set(ids(created)).size).toBe(limitPolicy === 'reuse' ? 1 : expected.created);

        const lists = await everyNode((node) => node.tell('list', 'alice'));
        const [live = []] = lists.map(ids);
        expect(live).toHaveLength(expected.live);
        for (const list of lists) expect(ids(list)).toEqual(live);
        expect(await openedBy(answers)).toEqual(live);
        const evicted = (await everyNode((node) => node.tell('evicted'))).flat().sort((a, b) => a - b);
        expect(evicted).toEqual(limitPolicy === 'reuse' ? [] : ids(created).filter((id) => !live.includes(id)));
      });
    });

    test.each<[SessionLimitPolicy, number]>([
      ['reuse', 1],
      ['evictOldest', 2],
      ['refuse', 2],
    ])('P8: %s holds for 250 users, each of whom asks all nodes at once', async (limitPolicy, most) => {
      await serve(store.fresh({ limitPolicy, maxSessionsPerUser: 2 }));
      const users = Array.from({ length: 250 }, (_, i) => `user ${i}`);
      const answers = await initsOf(users.flatMap((user) => nodes.map(() => user)));
      expectOwnSessions(answers);
      const lists = await Promise.all(users.map((user) => (nodes[0] as SessionNode).tell('list', user)));
      expect(lists.map((list) => list.length)).toEqual(users.map(() => most));
      expect(await openedBy(answers)).toEqual(ids(lists.flat()));
    });

    test('1,000 inits for 1,000 users at once: nobody gets what is another’s', async () => {
      const users = Array.from({ length: INITS }, (_, i) => `user ${i}`);
      await serve(store.fresh({ limitPolicy: 'reuse' }));
      const answers = await initsOf(users);
      expectOwnSessions(answers);
      const created = answers.flatMap(({ session }) => session ?? []);
      expect(created).toHaveLength(INITS);
      expect(new Set(ids(created)).size).toBe(INITS);
      expect(await openedBy(answers)).toEqual(ids(created));
      expect(await store.endless()).toEqual([]);
    });

    describe('wall clocks that are wrong', () => {
      const SHIFTS = [0, MINUTE, -MINUTE, HOUR];
      afterEach(() => everyNode((node) => node.tell('shiftClock', 0)));

      test('by a minute and an hour: every node goes by the time of the store', async () => {
        await everyNode((node, i) => node.tell('shiftClock', SHIFTS[i] as number));
        const sessions = store.fresh({ idleTimeout: 30_000, maxSessionsPerUser: 3 });
        const before = Date.now();
        const users = Array.from({ length: 40 }, (_, i) => `user ${i % 10}`);
        await everyNode((node) => node.tell('serve', sessions));
        const answers = await initsOf(users);
        const created = answers.flatMap(({ session }) => session ?? []);
        expect(created).toHaveLength(40);
        for (const session of created) {
          expect(session.created).toBeGreaterThanOrEqual(before - 1_000);
          expect(session.created).toBeLessThanOrEqual(Date.now() + 1_000);
        }
        const lists = await everyNode((node) => node.tell('list', undefined));
        const [live = []] = lists.map(ids);
        expect(live).toHaveLength(30);
        for (const list of lists) expect(ids(list)).toEqual(live);
        expect(await openedBy(answers)).toEqual(live);
        // None believes that any has expired, whoever uses it.
        for (const node of nodes) {
          expect(await node.tell('removeExpired', 100)).toEqual([]);
          expect(ids(await node.tell('refresh', live))).toEqual(live);
        }
        // Clocks that are set while the nodes run are no different.
        await everyNode((node, i) => node.tell('shiftClock', -(SHIFTS[i] as number)));
        for (const node of nodes) {
          expect(ids(await node.tell('refresh', live))).toEqual(live);
          expect(await node.tell('removeExpired', 100)).toEqual([]);
          expect(ids(await node.tell('list', undefined))).toEqual(live);
        }
      });
    });
  });
}
