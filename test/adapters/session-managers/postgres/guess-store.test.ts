import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type PostgresGuessStoreOptions,
  postgresGuessStore,
} from '../../../../src/adapters/session-managers/postgres/guess-store.js';
import { usedStepsInPostgres } from '../../../../src/adapters/session-managers/postgres/used-steps.js';
import type { SimulatedClock } from '../../../../src/testing/simulated-clock.js';
import { FaultProxy } from '../../../support/fault-proxy.js';
import { guessStoreCases, usedStepsCases } from '../../../support/guess-store-cases.js';
import { checkAgainstModel, rulesOf } from '../../../support/guess-store-model.js';
import { ACCOUNT, Postgres } from '../../../support/postgres.js';
import { describeWith, postgresql } from '../../../support/requires.js';

describeWith(postgresql, 'postgresGuessStore', () => {
  let postgres: Postgres;
  const closing: { close(): Promise<void> }[] = [];
  const where = () => ({ ...ACCOUNT, host: '127.0.0.1', port: postgres.port, database: 'postgres' });

  beforeAll(async () => {
    postgres = await Postgres.start();
    await postgres.sql(`GRANT CREATE ON DATABASE postgres TO ${ACCOUNT.user}`);
  });
  afterEach(async () => {
    for (const it of closing.splice(0)) await it.close();
    await empty();
  });
  afterAll(() => postgres.stop());

  const open = (options: Partial<PostgresGuessStoreOptions> = {}) => {
    const store = postgresGuessStore({ ...where(), maxConnections: 4, ...options } as PostgresGuessStoreOptions);
    closing.push(store);
    return store;
  };
  const openSteps = () => {
    const steps = usedStepsInPostgres(where());
    closing.push(steps);
    return steps;
  };
  const empty = () =>
    postgres.sql(
      'TRUNCATE session_init.guess_failure, session_init.guess_place, session_init.known_address, session_init.used_step',
    );

  guessStoreCases(open);
  usedStepsCases(openSteps);

  test('P8: it is the model, whatever comes', async () => {
    let store: ReturnType<typeof open> | undefined;
    const clockOf = { clock: undefined as SimulatedClock | undefined };
    // One pool of connections for all runs, by whatever clock is the present one.
    const clock = {
      now: () => clockOf.clock?.now() ?? Date.now(),
      monotonic: () => performance.now(),
      setTimeout: (callback: () => void, delay: number) => setTimeout(callback, delay),
      clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
    };
    await checkAgainstModel(
      async (simulated) => {
        store ??= open({ timeFrom: 'clock', clock });
        clockOf.clock = simulated;
        await store.open();
        await empty();
        return { name: store.name, reserve: store.reserve, settle: store.settle };
      },
      { isShared: true, runs: 12 },
    );
  });

  test('P5: names and addresses are not to be found in it', async () => {
    const store = open();
    const attempt = { rules: rulesOf('account', 3, 3), key: 'marked-user-name', from: '192.0.2.77' };
    for (const verdict of ['succeeded', 'denied'] as const) {
      const place = await store.reserve(attempt);
      if (place.outcome === 'reserved') await store.settle(attempt, place, verdict);
    }
    const rows = await postgres.sql(
      'SELECT * FROM session_init.guess_failure; SELECT * FROM session_init.known_address',
    );
    expect(rows).toHaveLength(2);
    expect(rows.join()).not.toMatch(/marked|192\.0\.2/);
  });

  test('an honest attempt leaves nothing but the address behind; what is forgotten is cleared away', async () => {
    let passed = 0;
    const clock = {
      now: () => Date.now(),
      monotonic: () => performance.now() + passed,
      setTimeout: (callback: () => void, delay: number) => setTimeout(callback, delay),
      clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
    };
    const store = open({ clock });
    const attempt = { rules: rulesOf('account', 3, 3), key: 'alice', from: 'home' };
    for (const verdict of ['succeeded', 'withdrawn'] as const) {
      const place = await store.reserve(attempt);
      if (place.outcome === 'reserved') await store.settle(attempt, place, verdict);
    }
    const count = async (table: string) =>
      Number((await postgres.sql(`SELECT count(*) FROM session_init.${table}`))[0]);
    expect([await count('guess_failure'), await count('guess_place'), await count('known_address')]).toEqual([0, 0, 1]);
    await postgres.sql(`
      INSERT INTO session_init.guess_failure
        SELECT decode(lpad(to_hex(it), 32, '0'), 'hex'), false, 1, 1 FROM generate_series(1, 2500) AS it;
      INSERT INTO session_init.used_step SELECT 'old', it, 1 FROM generate_series(1, 10) AS it`);
    passed = 61_000;
    await store.settle(attempt, { outcome: 'reserved', atKnown: false, lease: 'gone 0' }, 'withdrawn');
    while ((await count('guess_failure')) + (await count('used_step')) > 0) await new Promise(setImmediate);
    expect(await count('known_address')).toBe(1);
  });

  test('a hundred addresses of an account are known: those used last', async () => {
    const store = open();
    const rules = rulesOf('account', 3, 3);
    const succeedFrom = (from: string) => {
      const place = { outcome: 'reserved' as const, atKnown: false, lease: 'gone 0' };
      return store.settle({ rules, key: 'alice', from }, place, 'succeeded');
    };
    await succeedFrom('first');
    await postgres.sql(`INSERT INTO session_init.known_address
      SELECT key, decode(lpad(to_hex(it), 32, '0'), 'hex'), used + 1 FROM session_init.known_address, generate_series(1, 99) AS it`);
    expect(await store.reserve({ rules, key: 'alice', from: 'first' })).toMatchObject({ atKnown: true });
    await succeedFrom('last');
    expect(await store.reserve({ rules, key: 'alice', from: 'first' })).toMatchObject({ atKnown: false });
    expect(await store.reserve({ rules, key: 'alice', from: 'last' })).toMatchObject({ atKnown: true });
    expect(await postgres.sql('SELECT count(*) FROM session_init.known_address')).toEqual(['100']);
  });

  describe('ASVS 16.5.3: a database that does not work', () => {
    const attempt = { rules: rulesOf('account', 1), key: 'alice' };

    test('that goes away and comes back: a fault each time, and no restart', async () => {
      const store = open({ timeout: 2_000 });
      const place = await store.reserve(attempt);
      await postgres.kill();
      await expect(store.reserve(attempt)).rejects.toMatchObject({ code: 'backend_fault' });
      if (place.outcome === 'reserved') await expect(store.settle(attempt, place, 'denied')).rejects.toThrow();
      await postgres.run();
      let back = await store.reserve(attempt).catch(() => undefined);
      while (back === undefined) back = await store.reserve(attempt).catch(() => undefined);
      expect(['reserved', 'busy']).toContain(back.outcome);
    });

    test.each(['blackHole', 'garbage', 'cut', 'refuse'] as const)(
      'one behind a proxy with a fault: %s',
      async (fault) => {
        const proxy = await FaultProxy.start(postgres.port);
        const store = open({ port: proxy.port, timeout: 1_500 });
        try {
          await store.open();
          proxy.fault = fault;
          await expect(store.reserve(attempt)).rejects.toMatchObject({
            code: expect.stringMatching(/^(backend_fault|deadline_exceeded)$/),
          });
          proxy.fault = 'pass';
          let back = await store.reserve(attempt).catch(() => undefined);
          while (back === undefined) back = await store.reserve(attempt).catch(() => undefined);
        } finally {
          await store.close();
          await proxy.close();
        }
      },
    );

    test('that is closed', async () => {
      const store = open();
      await store.close();
      await store.close();
      await expect(store.reserve(attempt)).rejects.toThrow('The guess store postgres is closed');
    });
  });

  test('what is wrong with the options is told, all at once', () => {
    expect(() => open({ schema: 'A', timeFrom: 'moon', scema: 1 } as never)).toThrow(
      /no option scema.* schema must be .* timeFrom must be/,
    );
  });
});
