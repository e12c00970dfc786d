import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { SessionManager } from '../../../src/adapters/ports.js';
import { memorySessionManager } from '../../../src/adapters/session-managers/memory.js';
import { sqliteSessionManager } from '../../../src/adapters/session-managers/sqlite.js';
import type { Secret } from '../../../src/model/secret.js';
import type { MakeManager } from '../../../src/testing/session-manager-contract.js';
import { simulatedClock } from '../../../src/testing/simulated-clock.js';
import { tempFolder } from '../../support/temp-folder.js';

jest.setTimeout(120_000);

const IDLE = 50;
const ABSOLUTE = 300;

/** What a session is in the simplest store that there can be: a list that is searched from end to end. */
interface Known {
  id: number;
  user: string;
  secret: Secret;
  created: number;
  used: number;
}

type Step =
  | { do: 'create'; user: string }
  | { do: 'refresh' | 'remove' | 'look'; pick: number }
  | { do: 'sweep'; limit: number }
  | { do: 'wait'; milliseconds: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('create' as const), user: fc.constantFrom('a', 'b', 'c') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('refresh', 'remove', 'look'),
      pick: fc.nat(1_000),
    }) as fc.Arbitrary<Step>,
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const), limit: fc.nat(10) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), milliseconds: fc.nat(40) }) },
);

async function play(make: MakeManager, steps: readonly Step[], limit: number): Promise<void> {
  const clock = simulatedClock();
  const options = { idleTimeout: IDLE, absoluteLifetime: ABSOLUTE, maxSessionsPerUser: limit };
  const manager = await make({ ...options, clock });
  const known: Known[] = [];
  const isLive = ({ created, used }: Known) => clock.now() < Math.min(created + ABSOLUTE, used + IDLE);
  try {
    for (const next of steps) await takeStep(manager, next);
    expect(idsOf(await manager.listByUser(undefined, { limit: 100_000 }))).toEqual(
      known.filter(isLive).map(({ id }) => id),
    );
    clock.increment(ABSOLUTE);
    expect(await manager.removeExpired(100_000)).toHaveLength(known.length);
  } finally {
    await manager.close?.();
  }

  async function takeStep(on: SessionManager, next: Step): Promise<void> {
    if (next.do === 'wait') clock.increment(next.milliseconds);
    else if (next.do === 'create') await create(on, next.user);
    else if (next.do === 'sweep') {
      const swept = idsOf(await on.removeExpired(next.limit));
      const expired = known.filter((each) => !isLive(each)).map(({ id }) => id);
      expect(swept).toHaveLength(Math.min(next.limit, expired.length));
      for (const id of swept) {
        expect(expired).toContain(id);
        forget(id);
      }
    } else await useOne(on, next.do, known[next.pick % (known.length + 1)]);
  }

  async function create(on: SessionManager, user: string): Promise<void> {
    const live = known.filter((each) => each.user === user && isLive(each));
    const creation = await on.create({ user, ipAddress: '192.0.2.1' }, { signal: new AbortController().signal });
    if (creation.outcome !== 'created') throw new Error('evictOldest refuses nobody');
    const oldest = live.slice(0, Math.max(0, live.length - limit + 1)).map(({ id }) => id);
    expect([...(creation.evicted ?? [])].sort((a, b) => a - b)).toEqual(oldest);
    oldest.forEach(forget);
    const { session_id: id, session_secret: secret } = creation.session;
    const now = clock.now();
    known.push({ id, user, secret: secret as Secret, created: now, used: now });
  }

  async function useOne(
    on: SessionManager,
    what: 'refresh' | 'remove' | 'look',
    one: Known | undefined,
  ): Promise<void> {
    const id = one?.id ?? 999_999;
    const expected = one !== undefined && isLive(one) ? one.id : undefined;
    if (what === 'remove') {
      expect(await on.remove(id)).toBe(one !== undefined);
      forget(id);
    } else if (what === 'look') {
      expect((await on.findById(id))?.session_id).toBe(expected);
      if (one !== undefined) expect((await on.findBySecret(one.secret))?.session_id).toBe(expected);
    } else {
      expect((await on.refresh(id))?.session_id).toBe(expected);
      if (one !== undefined && expected !== undefined) one.used = clock.now();
    }
  }

  function forget(id: number): void {
    const index = known.findIndex((each) => each.id === id);
    if (index >= 0) known.splice(index, 1);
  }
}

function idsOf(sessions: readonly { session_id: number }[]): number[] {
  return sessions.map(({ session_id }) => session_id);
}

const folder = tempFolder();
let databases = 0;

describe('any sequence of calls has the outcome that a plain list would have', () => {
  test.each<[string, MakeManager, number, number]>([
    ['memory', memorySessionManager, 150, 200],
    [
      'sqlite',
      (options) => {
        databases += 1;
        return sqliteSessionManager({ ...options, path: join(folder, `${databases}.db`) });
      },
      15,
      80,
    ],
  ])('%s', async (_, make, numRuns, maxLength) => {
    const property = fc.asyncProperty(
      fc.array(step, { maxLength, size: 'max' }),
      fc.constantFrom(1, 3, 1_000),
      (steps, limit) => play(make, steps, limit),
    );
    await fc.assert(property, { numRuns });
  });

  test('memory, with thousands of sessions that come and go', async () => {
    const coming = Array.from({ length: 6_000 }, (_, i): Step => ({ do: 'create', user: `user-${i % 700}` }));
    const going = Array.from({ length: 9_000 }, (_, i): Step => {
      if (i % 3 === 0) return { do: 'remove', pick: i * 7 };
      return i % 3 === 1 ? { do: 'look', pick: i * 11 } : { do: 'refresh', pick: i * 13 };
    });
    await play(memorySessionManager, [...coming, ...going, ...coming.slice(0, 500)], 1_000);
  });
});
