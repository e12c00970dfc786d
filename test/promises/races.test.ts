import { describe, expect, test } from '@jest/globals';
import { FullAuthSession } from '../../src/model/session.js';
import { DEADLINES, InitWorld, type Script } from '../support/init-world.js';
import { type Behaviour, YES } from '../support/scripted-backends.js';

const script: Script = { authentication: YES, authorization: YES, session: YES };

/** More turns than an init with immediate backends takes, so that every point of it is hit, and its end too. */
const TURNS = Array.from({ length: 60 }, (_, turn) => turn);

/** Lets so many microtasks pass. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}

/** What may come of an init that is disturbed at any point: it is as if the disturbance came before or after it. */
function checkRace(world: InitWorld, code: string): 'success' | 'disturbed' {
  world.checkPromises();
  const [record] = world.records;
  if (record?.state === 'authorized') return 'success';
  expect(record?.code).toBe(code);
  return 'disturbed';
}

/** The race was really run: some turns came too early, some too late. */
function expectBothOutcomes(outcomes: readonly string[]): void {
  expect(new Set(outcomes)).toEqual(new Set(['success', 'disturbed']));
}

describe.each(['compiled', 'actor'] as const)(
  'P1, P2: at every turn of the microtask queue, on the engine %s',
  (engine) => {
    test('the caller aborts', async () => {
      const outcomes = [];
      for (const turn of TURNS) {
        const world = new InitWorld(() => script, { engine });
        const caller = new AbortController();
        world.init('alice', caller.signal);
        await turns(turn);
        caller.abort();
        await world.comeToRest();
        outcomes.push(checkRace(world, 'cancelled'));
      }
      expectBothOutcomes(outcomes);
    });

    test('a drain waits for nobody', async () => {
      const outcomes = [];
      for (const turn of TURNS) {
        const world = new InitWorld(() => script, { engine });
        world.init('alice');
        await turns(turn);
        const closed = world.orchestrator.close();
        world.clock.increment(0);
        await world.comeToRest();
        await closed;
        outcomes.push(checkRace(world, 'draining'));
      }
      expectBothOutcomes(outcomes);
    });

    test('the request deadline passes', async () => {
      const outcomes = [];
      for (const turn of TURNS) {
        const world = new InitWorld(() => script, { engine, deadlines: { ...DEADLINES, request: 100 } });
        world.init('alice');
        await turns(turn);
        world.clock.increment(100);
        await world.comeToRest();
        outcomes.push(checkRace(world, 'request_timed_out'));
      }
      expectBothOutcomes(outcomes);
    });

    test('the deadline of the session manager passes while its answer is on the way', async () => {
      // The session manager answers at 10 ms, and the deadline passes any number of turns after that.
      const outcomes = [];
      for (const turn of TURNS) {
        const slow: Script = { ...script, session: { ...YES, after: 10 } };
        const world = new InitWorld(() => slow, { engine, deadlines: { ...DEADLINES, session: 11 } });
        world.init('alice');
        await world.clock.advance(9);
        world.clock.increment(1);
        await turns(turn);
        world.clock.increment(1);
        await world.comeToRest();
        outcomes.push(checkRace(world, 'session_manager_fail'));
      }
      expectBothOutcomes(outcomes);
    });
  },
);

describe('P2: the removal of a session that nobody was told of', () => {
  const late: Script = { ...script, session: { ...YES, after: 2_000 } };

  test('is reported', async () => {
    const world = new InitWorld(() => late);
    world.init('alice');
    await world.comeToRest();
    world.checkPromises();
    expect(world.orphans).toEqual([
      expect.objectContaining({ sessionId: 1, user: 'alice', outcome: 'removed', attempts: 1 }),
    ]);
    expect(world.orphans[0]?.referenceId).toBe(world.records[0]?.referenceId);
  });

  test('is tried again when it fails, and each failure is reported', async () => {
    const world = new InitWorld(() => late, { failingRemovals: 3 });
    world.init('alice');
    await world.comeToRest();
    world.checkPromises();
    expect(world.orphans.map(({ outcome, attempts }) => [outcome, attempts])).toEqual([
      ['retrying', 1],
      ['retrying', 2],
      ['retrying', 3],
      ['removed', 4],
    ]);
  });

  test('is given up after ten attempts, loudly', async () => {
    const world = new InitWorld(() => late, { failingRemovals: 1_000 });
    world.init('alice');
    await world.comeToRest();
    expect(world.orphans).toHaveLength(10);
    expect(world.orphans.at(-1)).toMatchObject({ outcome: 'abandoned', attempts: 10, cause: expect.any(Error) });
  });

  test('is waited for by a drain', async () => {
    const world = new InitWorld(() => late, { failingRemovals: 2 });
    world.init('alice');
    await world.clock.advance(2_000);
    expect(world.log.live.size).toBe(1);
    let isDrained = false;
    const drained = world.orchestrator.drain(1_000).then(() => {
      isDrained = true;
    });
    await world.clock.advance(50);
    expect(isDrained).toBe(false);
    await world.clock.advance(300);
    await drained;
    expect(world.log.live.size).toBe(0);
  });
});

describe('P3, P2: a session manager that returns something else than the session that was asked for', () => {
  const valid = (world: InitWorld) => {
    const now = new Date(world.clock.now());
    const session_secret = [...world.log.live.values()][0]?.session_secret;
    return { session_id: 1, session_secret, user: 'alice', ip_address: '192.0.2.1', created: now, last_accessed: now };
  };
  const variants: Record<string, (session: ReturnType<typeof valid>) => object> = {
    'no secret': (session) => ({ ...session, session_secret: undefined }),
    "another user's session": (session) => ({ ...session, user: 'bob' }),
    'an id of 0': (session) => ({ ...session, session_id: 0 }),
    'an unsafe id': (session) => ({ ...session, session_id: 2 ** 53 }),
    'an invalid time': (session) => ({ ...session, created: new Date(Number.NaN) }),
    'no time': (session) => ({ ...session, last_accessed: undefined }),
    'no address': (session) => ({ ...session, ip_address: 'nowhere' }),
  };

  test.each(Object.entries(variants))('%s: SESSION_DETAILS_MISSING', async (_, change) => {
    const behaviour: Behaviour = {
      ...YES,
      answer: (yes) => {
        yes();
        return { outcome: 'created', session: new FullAuthSession(change(valid(world)) as never) };
      },
    };
    const world: InitWorld = new InitWorld(() => ({ ...script, session: behaviour }));
    world.init('alice');
    await world.comeToRest();
    expect(world.records).toEqual([expect.objectContaining({ state: 'sessionDetailsMissing' })]);
    // Whatever else is wrong with it: a session that has an id is removed.
    if (!['an id of 0', 'an unsafe id'].includes(_)) world.checkPromises();
  });

  test('a session that is no FullAuthSession is not accepted, and is removed', async () => {
    const behaviour: Behaviour = {
      ...YES,
      answer: (yes) => {
        yes();
        return { outcome: 'created', session: { ...valid(world) } };
      },
    };
    const world: InitWorld = new InitWorld(() => ({ ...script, session: behaviour }));
    world.init('alice');
    await world.comeToRest();
    expect(world.records).toEqual([expect.objectContaining({ state: 'sessionDetailsMissing' })]);
    expect(world.log.created).toBe(1);
    world.checkPromises();
  });

  test('the whole session, unchanged, is accepted', async () => {
    const behaviour: Behaviour = {
      ...YES,
      answer: (yes) => {
        yes();
        return { outcome: 'created', session: new FullAuthSession(valid(world) as never) };
      },
    };
    const world: InitWorld = new InitWorld(() => ({ ...script, session: behaviour }));
    world.init('alice');
    await world.comeToRest();
    world.checkPromises();
    expect(world.records).toEqual([expect.objectContaining({ state: 'authorized' })]);
  });
});

describe('P1: what the embedding service itself gets wrong', () => {
  test.each([
    ['no options at all', undefined],
    ['no address', {}],
    ['a host name', { ipAddress: 'localhost' }],
  ])('%s: UNKNOWN, and the log says why', async (_, options) => {
    const world = new InitWorld(() => script);
    const response = await world.orchestrator.init({ username: 'alice', user_secret: 'x' }, options as never);
    expect(response.data).toMatchObject({ reason: 'UNKNOWN', user: 'alice' });
    expect(world.records[0]?.cause).toEqual(expect.objectContaining({ code: 'defect' }));
    expect(world.log.entries).toEqual([]);
  });

  test('a listener and an inspector that throw harm no init, and are reported', async () => {
    const fail = () => {
      throw new Error('listener');
    };
    const world = new InitWorld(() => script, { inspect: fail, onResponse: fail });
    world.orchestrator.on('init.completed', fail);
    world.init('alice');
    await world.comeToRest();
    world.checkPromises();
    expect(new Set(world.faults.map(({ source }) => source))).toEqual(
      new Set(['inspect', 'onResponse', 'listener of init.completed']),
    );
  });

  test('a message that defends itself against being read', async () => {
    const world = new InitWorld(() => script);
    const hostile = new Proxy(
      {},
      {
        getOwnPropertyDescriptor: () => {
          throw new Error('hostile');
        },
      },
    );
    const response = await world.orchestrator.init(hostile, { ipAddress: '192.0.2.1' });
    expect(response.data).toMatchObject({ reason: 'OTHER', code: 'malformed_request', user: '' });
  });
});
