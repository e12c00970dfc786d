import { describe, expect, test } from '@jest/globals';
import { allowAllAuthorizer } from '../../src/adapters/authorizers/allow-all.js';
import type { GuessRules, GuessStore } from '../../src/adapters/guess-store.js';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import type { UsedSteps } from '../../src/adapters/used-steps.js';
import { systemClock } from '../../src/model/clock.js';
import { type Guess, GuessCounter } from '../../src/orchestration/guess-counter.js';
import { createSessionOrchestrator } from '../../src/orchestrator.js';
import { rulesOf } from './guess-store-model.js';

const never = () => new AbortController();

/**
 * What every store does that nodes share.
 *
 * @param open - another connection to the same store, which is empty for each test, and closed after it
 */
export function guessStoreCases(open: () => GuessStore): void {
  const counterOf = (rules: GuessRules) => new GuessCounter(open(), rules, systemClock);

  describe('P8: several nodes', () => {
    test('let no more guesses through than the limit, however many come at once', async () => {
      const nodes = [1, 2, 3, 4].map(() => counterOf(rulesOf('account', 10)));
      let asked = 0;
      const outcomes = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => {
          const guess = await (nodes[index % 4] as GuessCounter).reserve('alice', undefined, never());
          if (guess.outcome === 'locked') return 'locked';
          asked++;
          await new Promise(setImmediate);
          await guess.settle('denied');
          return 'denied';
        }),
      );
      expect(asked).toBe(10);
      expect(outcomes.filter((outcome) => outcome === 'denied')).toHaveLength(10);
    });

    test('lock nobody out who is honest, though more come at once than may fail', async () => {
      const nodes = [1, 2, 3].map(() => counterOf(rulesOf('account', 3)));
      const outcomes = await Promise.all(
        Array.from({ length: 60 }, async (_, index) => {
          const guess = await (nodes[index % 3] as GuessCounter).reserve('alice', undefined, never());
          if (guess.outcome === 'reserved') await guess.settle('succeeded');
          return guess.outcome;
        }),
      );
      expect(new Set(outcomes)).toEqual(new Set(['reserved']));
    });

    test('know the addresses that a user had success from, whichever node it was on', async () => {
      const [one, other] = [counterOf(rulesOf('account', 2, 2)), counterOf(rulesOf('account', 2, 2))];
      await reserved(one.reserve('alice', 'home', never())).then((guess) => guess.settle('succeeded'));
      for (const node of [one, other]) {
        await reserved(node.reserve('alice', 'elsewhere', never())).then((guess) => guess.settle('denied'));
      }
      expect(await other.reserveNow('alice', 'elsewhere')).toMatchObject({ outcome: 'locked', atKnown: false });
      expect(await other.reserveNow('alice', 'home')).toMatchObject({ outcome: 'reserved' });
    });

    test('give the place of one that has died to others when its lease is over', async () => {
      const rules = { ...rulesOf('account', 1), lease: 100 };
      const [dying, living] = [counterOf(rules), counterOf(rules)];
      const lost = await reserved(dying.reserve('alice', undefined, never()));
      expect(await living.reserveNow('alice')).toMatchObject({ outcome: 'busy' });
      await (await reserved(living.reserve('alice', undefined, never()))).settle('withdrawn');
      // It was not dead, but slow: its guess counts all the same.
      await lost.settle('denied');
      expect(await living.reserveNow('alice')).toMatchObject({ outcome: 'locked' });
    });

    test('who waits for a place on another node can go', async () => {
      const [one, other] = [counterOf(rulesOf('account', 1)), counterOf(rulesOf('account', 1))];
      const first = await reserved(one.reserve('alice', undefined, never()));
      const caller = new AbortController();
      const waiting = other.reserve('alice', undefined, caller);
      setTimeout(() => caller.abort(new Error('gone')), 10);
      await expect(waiting).rejects.toThrow('gone');
      await first.settle('withdrawn');
      await (await reserved(other.reserve('alice', undefined, never()))).settle('withdrawn');
    });
  });

  test('an orchestrator counts in it, and closes it when the last outcome is counted', async () => {
    const answers = ['denied', 'denied', 'slow'];
    const make = () =>
      createSessionOrchestrator({
        authenticator: {
          name: 'none',
          async authenticate() {
            if (answers.shift() === 'slow') await new Promise(setImmediate);
            return { outcome: 'denied' };
          },
        },
        authorizer: allowAllAuthorizer(),
        sessionManager: memorySessionManager(),
        throttle: { account: { maxFailures: 3, window: 60_000 }, store: open() },
      });
    const guess = async (node: ReturnType<typeof make>) =>
      (await node.init({ username: 'alice', user_secret: 'wrong' }, { ipAddress: '192.0.2.1' })).data;
    const [one, other] = [make(), make()];
    await guess(one);
    await guess(other);
    const last = guess(one);
    await one.drain();
    expect(await last).toMatchObject({ code: 'authentication_denied' });
    expect(await guess(other)).toMatchObject({ code: 'locked', retry_after: 60 });
    await other.close();
  });
}

/** What every store of used one-time codes does that nodes share. */
export function usedStepsCases(open: () => UsedSteps): void {
  test('RFC 6238 5.2: of all who give a code at once, on all nodes, one is first; a code of its own each step and secret', async () => {
    const nodes = [open(), open()];
    const expiresAt = Date.now() + 60_000;
    const claims = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (nodes[index % 2] as UsedSteps).claim('a'.repeat(32), 7, expiresAt, never()),
      ),
    );
    expect(claims.filter((isFirst) => isFirst)).toHaveLength(1);
    expect(await nodes[0]?.claim('a'.repeat(32), 8, expiresAt, never())).toBe(true);
    expect(await nodes[1]?.claim('b'.repeat(32), 7, expiresAt, never())).toBe(true);
    // A node whose clock is behind would still take it.
    expect(await nodes[0]?.claim('c'.repeat(32), 7, Date.now() - 60_000, never())).toBe(true);
    expect(await nodes[1]?.claim('c'.repeat(32), 7, Date.now() - 60_000, never())).toBe(false);
  });
}

async function reserved(asked: ReturnType<GuessCounter['reserve']>): Promise<Guess> {
  const guess = await asked;
  if (guess.outcome === 'locked') throw new Error(`Locked for ${guess.retryAfter} ms.`);
  return guess;
}
