import { describe, expect, test } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import { Secret } from '../../src/model/secret.js';
import { FullAuthSession } from '../../src/model/session.js';
import {
  type ContractManagerOptions,
  type MakeManager,
  sessionManagerContract,
} from '../../src/testing/session-manager-contract.js';

/** A memory manager with one thing done wrong. */
function broken(
  change: (inner: SessionManager, options: ContractManagerOptions) => Partial<SessionManager>,
): MakeManager {
  return (options) => {
    const inner = memorySessionManager(options);
    return { ...inner, ...change(inner, options) };
  };
}

function withOptions(change: (options: ContractManagerOptions) => Partial<ContractManagerOptions>): MakeManager {
  return (options) => memorySessionManager({ ...options, ...change(options) });
}

function unrefused({ limitPolicy = 'evictOldest' }: ContractManagerOptions): Partial<ContractManagerOptions> {
  return { limitPolicy: limitPolicy === 'refuse' ? 'allow' : limitPolicy };
}

function copyOf(session: FullAuthSession, changes: Partial<FullAuthSession>): FullAuthSession {
  return new FullAuthSession({ ...session, ...changes });
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The bug, the case that must catch it, and the manager that has it. */
const PLANTED: readonly [bug: string, caughtBy: RegExp, make: MakeManager][] = [
  [
    'a session lives at its idle time-out',
    /7\.3\.1/,
    withOptions((o) => ({ idleTimeout: (o.idleTimeout ?? 1_800_000) + 1 })),
  ],
  [
    'a session ends before its idle time-out',
    /7\.3\.1/,
    withOptions((o) => ({ idleTimeout: (o.idleTimeout ?? 1_800_000) - 1 })),
  ],
  ['activity extends the absolute lifetime', /7\.3\.2/, withOptions(() => ({ absoluteLifetime: 1e12 }))],
  [
    'the limit is off by one',
    /evictOldest: the oldest/,
    withOptions((o) => ({ maxSessionsPerUser: (o.maxSessionsPerUser ?? 100) + 1 })),
  ],
  ['the policy is not heeded', /refuse: at the limit/, withOptions(unrefused)],
  [
    'time-outs go by a wall clock that may jump back',
    /jumps back/,
    (options) => {
      const { idleTimeout = 1_800_000, clock } = options;
      const inner = memorySessionManager({ ...options, idleTimeout: 1e12 });
      const live = (session: FullAuthSession | undefined) =>
        session !== undefined && clock.now() < Number(session.last_accessed) + idleTimeout;
      const ifLive = (session: FullAuthSession | undefined) => (live(session) ? session : undefined);
      return {
        ...inner,
        findBySecret: async (secret) => ifLive(await inner.findBySecret(secret)),
        findById: async (id) => ifLive(await inner.findById(id)),
        refresh: async (id) => (live(await inner.findById(id)) ? inner.refresh(id) : undefined),
        listByUser: async (user, page) => (await inner.listByUser(user, page)).filter(live),
      };
    },
  ],
  [
    'time goes by a monotonic clock alone',
    /leaps ahead/,
    withOptions(({ clock }) => {
      const origin = clock.now() - clock.monotonic();
      return { clock: { ...clock, now: () => origin + clock.monotonic(), monotonic: () => clock.monotonic() } };
    }),
  ],
  [
    'the limit is checked before it is kept',
    /refuse holds under parallel/,
    (options) => {
      const inner = memorySessionManager({ ...options, ...unrefused(options) });
      return {
        ...inner,
        async create(request, callOptions) {
          const live = await inner.listByUser(request.user);
          await turn();
          if (options.limitPolicy === 'refuse' && live.length >= (options.maxSessionsPerUser ?? 100)) {
            return { outcome: 'limitReached' };
          }
          return inner.create(request, callOptions);
        },
      };
    },
  ],
  [
    'reuse finds the session before it replaces the secret',
    /reuse holds under parallel/,
    broken((inner, { limitPolicy }) => ({
      async create(request, callOptions) {
        if (limitPolicy !== 'reuse') return inner.create(request, callOptions);
        const [live] = await inner.listByUser(request.user);
        await turn();
        const creation = await inner.create(request, callOptions);
        return live === undefined && creation.outcome === 'created'
          ? { ...creation, session: copyOf(creation.session, { session_id: creation.session.session_id + 1 }) }
          : creation;
      },
    })),
  ],
  [
    'the old secret goes on working under reuse',
    /7\.2\.4/,
    broken((inner) => {
      const given = new Map<string, number>();
      return {
        async create(request, callOptions) {
          const creation = await inner.create(request, callOptions);
          if (creation.outcome === 'created') {
            given.set(String(creation.session.session_secret?.reveal()), creation.session.session_id);
          }
          return creation;
        },
        findBySecret: (secret) => inner.findById(given.get(secret.reveal()) ?? 0),
      };
    }),
  ],
  [
    'what was evicted is not told',
    /evictOldest: the oldest/,
    broken((inner) => ({
      async create(request, callOptions) {
        const creation = await inner.create(request, callOptions);
        return creation.outcome === 'created' ? { outcome: 'created', session: creation.session } : creation;
      },
    })),
  ],
  [
    'a look-up returns a secret',
    /no secret is returned/,
    broken((inner) => ({
      async findBySecret(secret) {
        const session = await inner.findBySecret(secret);
        return session && copyOf(session, { session_secret: secret });
      },
    })),
  ],
  [
    'secrets are short',
    /every property/,
    broken((inner) => ({
      async create(request, callOptions) {
        const creation = await inner.create(request, callOptions);
        if (creation.outcome !== 'created') return creation;
        return { ...creation, session: copyOf(creation.session, { session_secret: new Secret('0f'.repeat(16)) }) };
      },
    })),
  ],
  [
    'secrets are read in any letter case',
    /unknown or client-chosen secret/,
    broken((inner) => ({ findBySecret: (secret) => inner.findBySecret(new Secret(secret.reveal().toLowerCase())) })),
  ],
  [
    'secrets are trimmed',
    /unknown or client-chosen secret/,
    broken((inner) => ({ findBySecret: (secret) => inner.findBySecret(new Secret(secret.reveal().trim())) })),
  ],
  [
    'ids are coerced',
    /what is no id/,
    broken((inner) => ({ findById: (id) => inner.findById(typeof id === 'symbol' ? 0 : Number(id)) })),
  ],
  [
    'a look-up counts as use',
    /does not count as use/,
    broken((inner) => ({
      async findById(id) {
        const session = await inner.findById(id);
        await inner.refresh(id);
        return session;
      },
    })),
  ],
  [
    'refresh does not move the idle limit',
    /refresh marks/,
    broken((inner, { clock }) => ({
      async refresh(id) {
        const session = await inner.findById(id);
        return session && copyOf(session, { last_accessed: new Date(clock.now()) });
      },
    })),
  ],
  [
    'remove removes nothing',
    /7\.4\.1/,
    broken((inner) => ({ remove: async (id) => (await inner.findById(id)) !== undefined })),
  ],
  [
    'remove says yes to anything',
    /7\.4\.1/,
    broken((inner) => ({
      async remove(id) {
        await inner.remove(id);
        return true;
      },
    })),
  ],
  [
    'removeExpired has no limit',
    /removeExpired removes/,
    broken((inner) => ({ removeExpired: () => inner.removeExpired(1e6) })),
  ],
  ['removeExpired removes nothing', /removeExpired removes/, broken(() => ({ removeExpired: async () => [] }))],
  [
    'removeExpired takes live sessions',
    /removeExpired removes/,
    broken((inner) => ({
      async removeExpired(limit) {
        const removed = await inner.listByUser(undefined, { limit });
        for (const { session_id } of removed) await inner.remove(session_id);
        return removed;
      },
    })),
  ],
  [
    'user names are compared in lower case',
    /no two are taken for one/,
    broken((inner) => ({
      create: (request, callOptions) => inner.create({ ...request, user: request.user.toLowerCase() }, callOptions),
      listByUser: (user, page) => inner.listByUser(user?.toLowerCase(), page),
    })),
  ],
  [
    'user names end at a NUL',
    /no two are taken for one/,
    broken((inner) => ({
      async findById(id) {
        const session = await inner.findById(id);
        return session && copyOf(session, { user: session.user.split('\0')[0] as string });
      },
    })),
  ],
  [
    'user names are written as UTF-8 unchecked',
    /not well-formed/,
    broken((inner) => {
      const written = (user: string) => user.toWellFormed();
      return {
        create: (request, callOptions) => inner.create({ ...request, user: written(request.user) }, callOptions),
        listByUser: (user, page) => inner.listByUser(user && written(user), page),
      };
    }),
  ],
  [
    "another user's sessions are listed",
    /found by its secret, by its id and in its list/,
    broken((inner) => ({ listByUser: (_, page) => inner.listByUser(undefined, page) })),
  ],
  [
    'pages have no limit',
    /pages go up/,
    broken((inner) => ({ listByUser: (user, page) => inner.listByUser(user, { ...page, limit: 1e6 }) })),
  ],
  [
    'pages go down',
    /pages go up/,
    broken((inner) => ({ listByUser: async (user, page) => [...(await inner.listByUser(user, page))].reverse() })),
  ],
  [
    'pages count from an offset',
    /paging goes on/,
    broken((inner) => {
      let given = 0;
      return {
        async listByUser(user, page) {
          if (page?.after === undefined) given = 0;
          const all = await inner.listByUser(user, { limit: 1e6 });
          const slice = all.slice(given, given + (page?.limit ?? 1_000));
          given += slice.length;
          return slice;
        },
      };
    }),
  ],
  [
    'close fails when called again',
    /close can be called again/,
    broken((inner) => {
      let closed = false;
      return {
        async close() {
          if (closed) throw new Error('closed');
          closed = true;
          await inner.close?.();
        },
      };
    }),
  ],
  ['close closes nothing', /after close/, broken(() => ({ close: async () => {} }))],
  [
    'what is returned is the record itself',
    /changes nothing in the store/,
    broken((inner) => {
      const known = new Map<number, FullAuthSession>();
      return {
        async findById(id) {
          const session = await inner.findById(id);
          if (session !== undefined && !known.has(id)) known.set(id, session);
          return session && known.get(id);
        },
      };
    }),
  ],
];

describe('sessionManagerContract', () => {
  test.each(PLANTED)('catches it when %s', async (_, caughtBy, make) => {
    const cases = sessionManagerContract({ create: make, parallelCalls: 50 }).filter(({ name }) => caughtBy.test(name));
    const failures: string[] = [];
    for (const { name, run } of cases) await run().catch(() => failures.push(name));
    expect(failures).not.toEqual([]);
  });

  test('names are unique, and a security requirement is named by its id', () => {
    const names = sessionManagerContract({ create: memorySessionManager, attach: memorySessionManager }).map(
      ({ name }) => name,
    );
    expect(new Set(names).size).toBe(names.length);
    for (const id of ['7.1.2', '7.2.4', '7.3.1', '7.3.2', '7.4.1', '7.4.2', '15.4.2']) {
      expect(names.filter((name) => name.includes(id))).not.toEqual([]);
    }
  });

  test('two managers that share nothing fail the cases of sharing', async () => {
    const cases = sessionManagerContract({
      create: memorySessionManager,
      attach: memorySessionManager,
      parallelCalls: 20,
    });
    const failures: string[] = [];
    for (const { name, run } of cases) await run().catch(() => failures.push(name));
    const alone = new Set(sessionManagerContract({ create: memorySessionManager }).map(({ name }) => name));
    expect(failures).toEqual(cases.map(({ name }) => name).filter((name) => !alone.has(name)));
  });

  test('closes what it opened and cleans up, also when a case fails', async () => {
    let open = 0;
    let cleaned = 0;
    const cases = sessionManagerContract({
      create: (options) => {
        open += 1;
        const inner = memorySessionManager(options);
        let closed = false;
        return {
          ...inner,
          name: '',
          async close() {
            if (!closed) open -= 1;
            closed = true;
            await inner.close?.();
          },
        };
      },
      cleanUp: () => {
        cleaned += 1;
      },
      parallelCalls: 5,
    });
    const [first] = cases;
    await expect(first?.run()).rejects.toMatchObject({ name: 'AssertionError' });
    for (const { run } of cases.slice(1)) await run();
    expect([open, cleaned]).toEqual([0, cases.length]);
  });
});
