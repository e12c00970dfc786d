import { describe, expect, test } from '@jest/globals';
import type { GuessStore } from '../../src/adapters/guess-store.js';
import { ConfigurationError } from '../../src/model/errors.js';
import { FailedSessionInitInfo } from '../../src/model/failed-session-init-info.js';
import { MemoryGuessStore } from '../../src/orchestration/memory-guess-store.js';
import { Throttle, type ThrottleOptions } from '../../src/orchestration/throttle.js';
import { createSessionOrchestrator } from '../../src/orchestrator.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import { InitWorld } from '../support/init-world.js';
import { BackendLog, BEHAVIOURS, type Behaviour, scriptedSessionManager, YES } from '../support/scripted-backends.js';

/** An orchestrator that knows alice; `right` says how the secret is when it is neither `right` nor `wrong`. */
function guarded(throttle: ThrottleOptions | false, other: Behaviour = YES) {
  const clock = simulatedClock();
  const log = new BackendLog();
  let asked = 0;
  const orchestrator = createSessionOrchestrator({
    authenticator: {
      name: 'alice-only',
      async authenticate({ username, secret }) {
        asked++;
        if (secret.reveal() === 'right') return { outcome: 'authenticated', user: username };
        if (secret.reveal() === 'wrong') return { outcome: 'denied', cause: 'wrongSecret' };
        return other.answer(
          () => ({ outcome: 'authenticated', user: username }),
          () => ({ outcome: 'denied' }),
        ) as never;
      },
    },
    authorizer: { name: 'all', authorize: async () => ({ outcome: 'authorized' }) },
    sessionManager: scriptedSessionManager(() => YES, clock, log),
    throttle,
    clock,
  });
  const attempt = async (username: string, secret: string, ipAddress = '192.0.2.1') => {
    const { data } = await orchestrator.init({ username, user_secret: secret }, { ipAddress });
    return data instanceof FailedSessionInitInfo ? { code: data.code, retry: data.retry_after } : { code: 'session' };
  };
  return { attempt, clock, log, orchestrator, asked: () => asked };
}

const HOUR = 3_600_000;
const limit = (maxFailures: number) => ({ maxFailures, window: HOUR });
const codesOf = (attempts: readonly { code?: string | undefined }[]) => {
  const count: Record<string, number> = {};
  for (const { code = '' } of attempts) count[code] = (count[code] ?? 0) + 1;
  return count;
};

describe('ASVS 6.3.1, NIST 3.2.2: failed attempts per account', () => {
  test('the account locks after so many, says for how long, and is free again by itself', async () => {
    const { attempt, asked, clock } = guarded({ account: limit(3) });
    for (let failure = 0; failure < 3; failure++)
      expect(await attempt('alice', 'wrong')).toMatchObject({ code: 'authentication_denied' });
    expect(await attempt('alice', 'right')).toEqual({ code: 'locked', retry: 3_600 });
    expect(asked()).toBe(3);
    await clock.advance(HOUR / 2);
    // Attempts while it is locked do not prolong it: an attacker cannot lock others out for good.
    expect(await attempt('alice', 'wrong')).toEqual({ code: 'locked', retry: 1_800 });
    await clock.advance(HOUR / 2);
    expect(await attempt('alice', 'right')).toEqual({ code: 'session' });
  });

  test('a success clears it', async () => {
    const { attempt } = guarded({ account: limit(3) });
    for (let round = 0; round < 5; round++) {
      await attempt('alice', 'wrong');
      await attempt('alice', 'wrong');
      expect(await attempt('alice', 'right')).toEqual({ code: 'session' });
    }
  });

  test('other accounts are not touched, and unknown ones count as well', async () => {
    const { attempt } = guarded({ account: limit(1) });
    await attempt('mallory', 'wrong');
    expect(await attempt('mallory', 'wrong')).toMatchObject({ code: 'locked' });
    expect(await attempt('alice', 'right')).toEqual({ code: 'session' });
  });

  test('it cannot be set beyond what NIST allows', () => {
    expect(() => guarded({ account: limit(101) })).toThrow(ConfigurationError);
    expect(() => guarded({ account: limit(0) })).toThrow(/throttle.account/);
    expect(() => guarded({ address: { maxFailures: 1, window: 0 } })).toThrow(/throttle.address/);
  });

  test('by default there is a limit, of at most 100; only by name there is none', async () => {
    const standard = guarded({});
    const attempts = [];
    for (let guess = 0; guess < 150; guess++)
      attempts.push(await standard.attempt('alice', 'wrong', `192.0.2.${guess}`));
    expect(codesOf(attempts)).toEqual({ authentication_denied: 50, locked: 100 });
    const open = guarded(false);
    for (let guess = 0; guess < 150; guess++)
      expect(await open.attempt('alice', 'wrong')).toMatchObject({ code: 'authentication_denied' });
  });
});

describe('CS Authentication: failed attempts per address', () => {
  test('many accounts from one address are throttled; a success there does not clear them', async () => {
    const { attempt } = guarded({ address: limit(3) });
    for (const user of ['a', 'b', 'c']) {
      await attempt(user, 'wrong');
      await attempt('alice', 'right');
    }
    expect(await attempt('d', 'wrong')).toEqual({ code: 'throttled', retry: 3_600 });
    expect(await attempt('d', 'wrong', '192.0.2.2')).toMatchObject({ code: 'authentication_denied' });
  });

  test('an IPv6 address counts with its /64', async () => {
    const { attempt } = guarded({ address: limit(1) });
    await attempt('a', 'wrong', '2001:db8::1');
    expect(await attempt('b', 'right', '2001:db8::ffff:2')).toMatchObject({ code: 'throttled' });
    expect(await attempt('c', 'right', '2001:db8:0:1::1')).toEqual({ code: 'session' });
  });

  test('who is throttled by address uses up no attempt of the account', async () => {
    const { attempt } = guarded({ account: limit(2), address: limit(1) });
    await attempt('alice', 'wrong', '192.0.2.1');
    for (let more = 0; more < 5; more++)
      expect(await attempt('alice', 'wrong', '192.0.2.1')).toMatchObject({ code: 'throttled' });
    expect(await attempt('alice', 'wrong', '192.0.2.2')).toMatchObject({ code: 'authentication_denied' });
    expect(await attempt('alice', 'wrong', '192.0.2.3')).toMatchObject({ code: 'locked' });
  });
});

describe('P8: the limit holds when a thousand come at once', () => {
  test('a thousand guesses: no more than the limit are tried', async () => {
    const { attempt, asked } = guarded({ account: limit(50), address: limit(10_000) });
    const attempts = await Promise.all(Array.from({ length: 1_000 }, () => attempt('alice', 'wrong')));
    expect(codesOf(attempts)).toEqual({ authentication_denied: 50, locked: 950 });
    expect(asked()).toBe(50);
  });

  test('a thousand honest attempts: all get their session', async () => {
    const { attempt } = guarded({ account: limit(5) });
    const attempts = await Promise.all(Array.from({ length: 1_000 }, () => attempt('alice', 'right')));
    expect(codesOf(attempts)).toEqual({ session: 1_000 });
  });

  test('guesses among honest attempts: never more failures between two successes than the limit', async () => {
    const { attempt } = guarded({ account: limit(5), address: limit(10_000) });
    const outcomes: string[] = [];
    await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) => {
        const { code = '' } = await attempt('alice', index % 10 === 0 ? 'right' : 'wrong');
        outcomes.push(code);
      }),
    );
    let failures = 0;
    for (const outcome of outcomes) {
      failures = outcome === 'session' ? 0 : failures + Number(outcome === 'authentication_denied');
      expect(failures).toBeLessThanOrEqual(5);
    }
  });
});

describe('keycloak#44474: what is no guess does not count', () => {
  const noGuesses = BEHAVIOURS.filter(({ after, means }) => after === 0 && (means === 'fault' || means === 'overload'));

  test.each(noGuesses.map((behaviour) => [behaviour.name, behaviour] as const))(
    'an authenticator that %s',
    async (_, behaviour) => {
      const { attempt } = guarded({ account: limit(1) }, behaviour);
      for (let time = 0; time < 5; time++) expect((await attempt('alice', 'other')).code).not.toBe('locked');
      expect(await attempt('alice', 'right')).toEqual({ code: 'session' });
    },
  );

  test.each([
    ['hangs', { ...YES, after: undefined }],
    ['says no too late', { ...YES, after: 600, answer: (_: unknown, no: () => unknown) => no() }],
  ] as const)('an authenticator that %s', async (_, behaviour) => {
    let authentication: Behaviour = behaviour;
    const world = new InitWorld(() => ({ authentication, authorization: YES, session: YES }), {
      throttle: { account: limit(1) },
    });
    for (let time = 0; time < 3; time++) {
      world.init('alice');
      await world.clock.advance(10_000);
    }
    authentication = YES;
    world.init('alice');
    await world.comeToRest();
    expect(world.records.map(({ code }) => code)).toEqual([...Array(3).fill('auth_attempt_timeout'), undefined]);
  });

  test('a cancelled attempt', async () => {
    const slow = { ...YES, after: 100 };
    const world = new InitWorld(() => ({ authentication: slow, authorization: YES, session: YES }), {
      throttle: { account: limit(1) },
    });
    for (let time = 0; time < 3; time++) {
      const caller = new AbortController();
      world.init('alice', caller.signal);
      await world.clock.advance(50);
      caller.abort();
      await world.clock.advance(200);
    }
    world.init('alice');
    await world.comeToRest();
    expect(world.records.map(({ code }) => code)).toEqual([...Array(3).fill('cancelled'), undefined]);
  });
});

describe('a store of the counts', () => {
  const throttleOver = (store: GuessStore, maxFailures = 1) =>
    new Throttle(
      { account: limit(maxFailures), address: limit(maxFailures), store },
      { clock: simulatedClock(), longestInit: 10_000 },
    );
  const never = () => new AbortController();

  test.each(['account', 'address'] as const)(
    'ASVS 16.5.3: if it fails to count by %s, nobody is let in, and the other place is given back',
    async (failing) => {
      const store = new MemoryGuessStore(simulatedClock());
      const { reserve } = store;
      const throttle = throttleOver(store);
      store.reserve = (attempt) =>
        attempt.rules.kind === failing ? Promise.reject(new Error('store down')) : reserve.call(store, attempt);
      for (let time = 0; time < 3; time++) {
        await expect(throttle.reserve('alice', '192.0.2.1', never())).rejects.toThrow('store down');
      }
      store.reserve = reserve;
      expect(await throttle.reserve('alice', '192.0.2.1', never())).toMatchObject({ outcome: 'reserved' });
    },
  );

  test.each([undefined, null, 'reserved', {}, { outcome: 'yes' }, { outcome: 'locked', retryAfter: Number.NaN }])(
    'ASVS 16.5.3: if it answers %p, nobody is let in',
    async (answer) => {
      const { attempt, asked } = guarded({
        store: { name: 'garbled', reserve: async () => answer, settle: async () => {} } as never,
      });
      expect(await attempt('alice', 'right')).toMatchObject({ code: 'throttle_failed' });
      expect(asked()).toBe(0);
    },
  );

  test('ASVS 16.5.3: if it hangs, nobody is let in; a place that it gives too late is given back', async () => {
    const store = new MemoryGuessStore(simulatedClock());
    const { reserve } = store;
    const hanging: (() => void)[] = [];
    store.reserve = async (attempt) => {
      await new Promise<void>((resolve) => hanging.push(resolve));
      return reserve.call(store, attempt);
    };
    const script = { authentication: YES, authorization: YES, session: YES };
    const world = new InitWorld(() => script, { throttle: { account: limit(1), address: limit(1), store } });
    world.init('alice');
    await world.comeToRest();
    expect(world.records.map(({ code }) => code)).toEqual(['overloaded']);
    for (const answer of hanging.splice(0)) answer();
    await world.comeToRest();
    store.reserve = reserve;
    world.init('alice');
    await world.comeToRest();
    expect(world.records.map(({ code }) => code)).toEqual(['overloaded', undefined]);
  });

  test('two attempts never wait for each other, whichever answer comes first', async () => {
    const store = new MemoryGuessStore(simulatedClock());
    const throttle = throttleOver(store);
    const { reserve } = store;
    const late: (() => void)[] = [];
    // Alice is asked for late from one address, and that address late for Bob.
    store.reserve = async (attempt) => {
      if (late.length < 2 && ['alice', '192.0.2.2'].includes(attempt.key)) {
        await new Promise<void>((resolve) => late.push(resolve));
      }
      return reserve.call(store, attempt);
    };
    const attempts = [
      throttle.reserve('alice', '192.0.2.1', never()),
      throttle.reserve('bob', '192.0.2.2', never()),
      throttle.reserve('bob', '192.0.2.1', never()),
      throttle.reserve('alice', '192.0.2.2', never()),
    ].map((attempt) =>
      attempt.then(async (it) => {
        if (it.outcome === 'reserved') await it.settle('withdrawn');
        return it.outcome;
      }),
    );
    await new Promise(setImmediate);
    for (const answer of late) answer();
    expect(await Promise.all(attempts)).toEqual(Array(4).fill('reserved'));
  });

  test('at random: attempts on few accounts from few addresses all get through', async () => {
    let state = 7;
    const random = (below: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % below;
    };
    const store = new MemoryGuessStore(simulatedClock());
    const { reserve, settle } = store;
    const later = async () => {
      for (let turns = random(8); turns > 0; turns--) await undefined;
    };
    store.reserve = (attempt) => later().then(() => reserve.call(store, attempt));
    store.settle = (...given) => later().then(() => settle.apply(store, given));
    const throttle = throttleOver(store, 2);
    const attempts = Array.from({ length: 500 }, async () => {
      await later();
      const attempt = await throttle.reserve(`user-${random(4)}`, `192.0.2.${random(4)}`, never());
      await later();
      if (attempt.outcome === 'reserved') await attempt.settle('withdrawn');
      return attempt.outcome;
    });
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['reserved']));
  });

  test('that is none is refused', () => {
    expect(() => throttleOver({ name: 'none' } as never)).toThrow(/throttle.store must have the methods/);
  });
});
