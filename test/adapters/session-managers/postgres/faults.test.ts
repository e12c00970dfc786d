import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hashSessionSecret } from '../../../../src/adapters/session-secret.js';
import { ClosedError, DeadlineExceededError, SessionInitError } from '../../../../src/model/errors.js';
import { Secret } from '../../../../src/model/secret.js';
import { findSecret } from '../../../../src/testing/find-secret.js';
import { simulatedClock } from '../../../../src/testing/simulated-clock.js';
import { ACCOUNT, Postgres } from '../../../support/postgres.js';
import { describeWith, postgresql } from '../../../support/requires.js';
import { create, until, World } from './world.js';

/** A connection that was accepted, and never answered. */
const HELD = { timeout: 1_000, connectTimeout: 500, maxConnections: 2 };
const WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'";
const settled = (call: Promise<unknown>) => call.catch((error: unknown) => error);

describeWith(postgresql, 'postgresSessionManager when PostgreSQL fails', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  }, 60_000);
  afterEach(() => world.next());
  afterAll(() => world?.stop());

  /** Calls of all kinds, each of which must end, with an error that says what is wrong and no secret. */
  async function expectFaults(node: ReturnType<World['node']>): Promise<void> {
    const { signal } = new AbortController();
    const secret = new Secret('marked-session-secret');
    const calls: Promise<unknown>[] = [create(node), node.findBySecret(secret), node.findById(1), node.refresh(1)];
    calls.push(node.listByUser('alice'), node.remove(1), node.removeExpired(1), node.probe({ signal }));
    for (const error of await Promise.all(calls.map(settled))) {
      expect(error).toBeInstanceOf(SessionInitError);
      for (const hidden of [secret.reveal(), ACCOUNT.password]) expect(findSecret(error, hidden)).toBeUndefined();
    }
  }

  /** When it is over its pause. */
  async function expectRecovery(node: ReturnType<World['node']>): Promise<void> {
    let recovered = false;
    const attempt = async () => {
      recovered = await create(node).then(
        () => true,
        () => false,
      );
    };
    while (!recovered) await attempt();
    const { session_id } = await create(node);
    expect(await node.findById(session_id)).toBeDefined();
  }

  describe('every call ends, and it recovers without a restart', () => {
    const faults = ['refuse', 'cut', 'garbage', 'blackHole'] as const;

    test.each(faults)('%s: from the start', async (fault) => {
      const proxy = await world.proxy();
      const node = world.node({ port: proxy.port, ...HELD });
      proxy.fault = fault;
      await expectFaults(node);
      proxy.fault = 'pass';
      await expectRecovery(node);
    });

    test.each(faults)('%s: on connections that were good', async (fault) => {
      const proxy = await world.proxy();
      const node = world.node({ port: proxy.port, ...HELD });
      await Promise.all([create(node), create(node)]);
      proxy.fault = fault;
      await expectFaults(node);
      proxy.fault = 'pass';
      await expectRecovery(node);
    });

    test('a server that is killed, and comes back', async () => {
      const postgres = await Postgres.start();
      try {
        await postgres.sql(`GRANT CREATE ON DATABASE postgres TO ${ACCOUNT.user}`);
        const node = world.node({ port: postgres.port });
        const { session_id } = await create(node);
        await postgres.kill();
        await expectFaults(node);
        await postgres.run();
        await expectRecovery(node);
        expect(await node.findById(session_id)).toBeDefined();
      } finally {
        await postgres.stop();
      }
    }, 60_000);

    test('while the server is away, calls fail at once, and few try to connect', async () => {
      const clock = simulatedClock();
      const proxy = await world.proxy();
      proxy.fault = 'refuse';
      const node = world.node({ port: proxy.port, clock, timeFrom: 'clock', maxConnections: 1 });
      const attempts = [];
      for (let second = 0; second < 20; second++) {
        for (let call = 0; call < 50; call++)
          await expect(node.findById(1)).rejects.toMatchObject({ code: 'backend_fault' });
        clock.increment(1_000);
        attempts.push(proxy.accepted);
      }
      expect(attempts.at(-1)).toBeLessThan(25);
      expect(attempts.at(-1)).toBeGreaterThan(5);
    });
  });

  describe('what the server says is passed on, with what to do', () => {
    /** Has each creation fail as PostgreSQL does with this code, `times` times. */
    const failing = (code: string, times = 1_000_000) =>
      world.sql(`CREATE SEQUENCE failures;
        GRANT ALL ON SEQUENCE failures TO ${ACCOUNT.user};
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF nextval('${world.schema}.failures') <= ${times} THEN RAISE SQLSTATE '${code}'; END IF;
          RETURN NEW; END $$;
        CREATE TRIGGER fail BEFORE INSERT ON session FOR EACH ROW EXECUTE FUNCTION fail()`);

    test.each([
      ['53100', /Its disk is full\. Free some space\.$/],
      ['53200', /It is out of memory\.$/],
    ])('%s', async (code, message) => {
      const node = world.node({ maxSessionsPerUser: 1 });
      const kept = await create(node);
      await failing(code);
      await expect(create(node)).rejects.toMatchObject({
        code: 'backend_fault',
        message: expect.stringMatching(message),
      });
      expect(await node.findById(kept.session_id)).toBeDefined();
      await world.sql('DROP TRIGGER fail ON session');
      expect(await create(node)).toBeDefined();
    });

    test.each(['40001', '40P01'])('%s: it is tried again', async (code) => {
      const node = world.node();
      await node.open();
      await failing(code, 3);
      expect(await create(node)).toBeDefined();
      expect(await world.sql('SELECT count(*), (SELECT last_value FROM failures) FROM session')).toEqual(['1|4']);
    });

    test('40001: not beyond the time-out', async () => {
      const node = world.node({ timeout: 500 });
      await node.open();
      await failing('40001');
      await expect(create(node)).rejects.toThrow(DeadlineExceededError);
    });

    test('53300: no connection is left', async () => {
      const node = world.node();
      await world.sql(`ALTER ROLE ${ACCOUNT.user} CONNECTION LIMIT 0`);
      await expect(create(node)).rejects.toThrow(/It has no connection left\. Lower maxConnections/);
      await world.sql(`ALTER ROLE ${ACCOUNT.user} CONNECTION LIMIT -1`);
      await expectRecovery(node);
    });

    test('57P01: the administrator has ended the connection', async () => {
      const node = world.node({ maxConnections: 1 });
      await create(node);
      await world.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ACCOUNT.user}'`);
      await expectRecovery(node);
    });

    test('25006: a server that is read-only is left, for the one that takes its place', async () => {
      const node = world.node({ maxConnections: 1 });
      const { session_id } = await create(node);
      const end = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${ACCOUNT.user}'`;
      await world.sql(`ALTER ROLE ${ACCOUNT.user} SET default_transaction_read_only = on; ${end}`);
      await world.until(`SELECT count(*) FROM pg_stat_activity WHERE usename = '${ACCOUNT.user}'`, '0');
      await expect(create(node)).rejects.toThrow(/It is read-only: a standby, .*Connect to the primary\.$/);
      expect(await node.findById(session_id)).toBeDefined();
      await expect(create(node)).rejects.toThrow(/It is read-only/);
      await world.sql(`ALTER ROLE ${ACCOUNT.user} RESET default_transaction_read_only`);
      expect(await create(node)).toBeDefined();
    });
  });

  describe('ASVS 13.1.3: deadlines, aborts and bounds', () => {
    /** Keeps creations for `alice` waiting until what it returns is called. */
    async function lockOut(): Promise<() => Promise<void>> {
      const key = "hashtextextended(encode('alice', 'hex'), 0)";
      settled(world.sql(`SELECT pg_advisory_lock(${key}); SELECT pg_sleep(3600)`));
      await world.until("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'", '1');
      return async () => {
        await world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
      };
    }

    test('a creation that waits too long is given up, by the server, too', async () => {
      const node = world.node({ timeout: 300 });
      await node.open();
      const letIn = await lockOut();
      await expect(create(node)).rejects.toThrow(DeadlineExceededError);
      await world.until(WAITING, '0');
      expect(await create(node, 'bob')).toBeDefined();
      await letIn();
    });

    test('P2: who leaves is answered at once, and the session that comes nevertheless is removed', async () => {
      const clock = simulatedClock();
      const node = world.node({
        clock,
        timeFrom: 'clock',
        maxConnections: 1,
        limitPolicy: 'refuse',
        maxSessionsPerUser: 1,
      });
      await node.open();
      const letIn = await lockOut();
      const caller = new AbortController();
      const created = settled(node.create({ user: 'alice', ipAddress: '::1' }, caller));
      await world.until(WAITING, '1');
      const waiting = new AbortController();
      const queued = settled(node.create({ user: 'alice', ipAddress: '::1' }, waiting));
      waiting.abort(new Error('gone, too'));
      caller.abort(new Error('gone'));
      expect(await queued).toMatchObject({ message: 'gone, too' });
      expect(await created).toMatchObject({ message: 'gone' });
      await letIn();
      await world.until('SELECT count(*) FROM session', '1');
      clock.increment(5_000);
      await world.until('SELECT count(*) FROM session', '0');
      expect(await create(node)).toBeDefined();
    });

    test.each(['evictOldest', 'reuse', 'refuse', 'allow'] as const)(
      'ASVS 2.3.3: a creation whose answer is lost leaves no session that nobody knows: %s',
      async (limitPolicy) => {
        const clock = simulatedClock();
        const proxy = await world.proxy();
        const node = world.node({ port: proxy.port, clock, timeFrom: 'clock', limitPolicy, maxSessionsPerUser: 1 });
        await node.open();
        proxy.fault = 'cut';
        await expect(create(node)).rejects.toMatchObject({ code: 'backend_fault' });
        await world.until('SELECT count(*) FROM session', '1');
        clock.increment(5_000); // while the server is still away
        await until(
          () => proxy.accepted > 2,
          () => clock.increment(500),
        );
        proxy.fault = 'pass';
        let left = 1;
        while (left > 0) {
          clock.increment(500);
          left = Number((await world.sql('SELECT count(*) FROM session'))[0]);
        }
        expect(await create(node)).toBeDefined();
      },
    );

    test('what a creation that was refused by the server cannot have left is not looked for', async () => {
      const clock = simulatedClock();
      const node = world.node({ clock, timeFrom: 'clock' });
      await node.open();
      await world.sql('ALTER TABLE session ADD CHECK (false) NOT VALID');
      await expect(create(node)).rejects.toMatchObject({ code: 'backend_fault' });
      const { pending } = clock;
      clock.increment(10_000);
      expect(pending).toBe(1); // the one of the connection that is kept
    });

    test('who comes when too many wait is told so', async () => {
      const node = world.node({ maxConnections: 1, maxQueued: 1 });
      await node.open();
      const letIn = await lockOut();
      const waiting = [create(node), create(node)];
      await expect(create(node)).rejects.toMatchObject({ code: 'overloaded' });
      await letIn();
      expect(await Promise.all(waiting)).toHaveLength(2);
    });

    test('connections that nobody uses for a minute are closed, and made again', async () => {
      const clock = simulatedClock();
      const node = world.node({ clock, timeFrom: 'clock' });
      const connected = `SELECT count(*) FROM pg_stat_activity WHERE usename = '${ACCOUNT.user}'`;
      await Promise.all([create(node), create(node), create(node)]);
      await world.until(connected, '3');
      clock.increment(59_999);
      await world.until(connected, '3');
      await create(node);
      clock.increment(1);
      await world.until(connected, '1');
      clock.increment(59_999);
      await world.until(connected, '0');
      expect(await create(node)).toBeDefined();
    });

    test('close ends calls that are under way, and those that wait', async () => {
      const node = world.node({ maxConnections: 1 });
      await node.open();
      const letIn = await lockOut();
      const calls = [settled(create(node)), settled(create(node))];
      await world.until(WAITING, '1');
      await Promise.all([node.close(), node.close()]);
      for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(ClosedError);
      await letIn();
    });
  });

  test('a node whose clock is a minute off does no harm', async () => {
    const early = simulatedClock({ startAt: Date.now() - 60_000 });
    const late = simulatedClock({ startAt: Date.now() + 60_000 });
    const options = { idleTimeout: 30_000 };
    const nodes = [
      world.node({ ...options, clock: early }),
      world.node({ ...options, clock: late }),
      world.node(options),
    ];
    for (const node of nodes) {
      const session = await create(node);
      expect(Math.abs(Number(session.created) - Date.now())).toBeLessThan(20_000);
      for (const other of nodes) expect(await other.findById(session.session_id)).toBeDefined();
    }
    for (const node of nodes) expect(await node.removeExpired(10)).toEqual([]);
  });

  test('P5: only the hash of a secret is stored', async () => {
    const node = world.node();
    const { session_secret } = await create(node);
    const secret = session_secret as Secret;
    const [row] = await world.sql("SELECT encode(secret_hash, 'hex'), session FROM session");
    expect(row).toContain(hashSessionSecret(secret).toString('hex'));
    expect(row).not.toContain(secret.reveal());
  });
});
