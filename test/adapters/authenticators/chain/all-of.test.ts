import { describe, expect, test } from '@jest/globals';
import { allOf } from '../../../../src/adapters/authenticators/chain.js';
import type { Authenticator } from '../../../../src/adapters/ports.js';
import { findSecret } from '../../../../src/testing/find-secret.js';
import { simulatedClock } from '../../../../src/testing/index.js';
import { type Asked, ask, asked, backends, result } from '../../../support/ask-composition.js';
import { type Said, said, type Word } from '../../../support/said.js';

describe('allOf', () => {
  test.each<[Word[], string, string]>([
    [['yes', 'yes'], 'yes alice', '11'],
    [['yes', 'wrong'], 'no wrongSecret', '11'],
    [['yes', 'unknown'], 'no notEnrolled', '11'],
    [['yes', 'no'], 'no undefined', '11'],
    [['yes', 'fault'], 'fault', '11'],
    [['yes', 'garbage'], 'fault', '11'],
    [['yes', 'overload'], 'overload 7', '11'],
    [['yes', 'yes', 'yes'], 'yes alice', '111'],
    [['yes', 'yes', 'wrong'], 'no wrongSecret', '111'],
    [['unknown', 'yes'], 'no unknownUser', '10'],
    [['wrong', 'yes'], 'no wrongSecret', '10'],
    [['fault', 'yes'], 'fault', '10'],
    [['yes'], 'yes alice', '1'],
  ])('of %j says %s', async (words, expected, calls) => {
    const all = backends(...words);
    expect(await result(allOf(all))).toBe(expected);
    expect(asked(all)).toBe(calls);
  });

  test('the first says who it is, the others are asked by that name, and the groups are those of all', async () => {
    const first = said('corp', () => ({
      outcome: 'authenticated',
      user: 'uid=alice',
      groups: ['a'],
      claims: { n: 1 },
    }));
    const second = said('codes', () => ({
      outcome: 'authenticated',
      user: 'other',
      groups: ['b', 'a'],
      claims: { n: 2 },
    }));
    const third = said('third', () => ({ outcome: 'authenticated', user: 'third' }));
    const outcome = await ask(allOf([first, second, third]));
    expect(outcome).toMatchObject({ user: 'uid=alice', groups: ['a', 'b'], claims: { n: 1 } });
    expect([first, second, third].map(({ seen }) => seen[0]?.username)).toEqual(['alice', 'uid=alice', 'uid=alice']);
  });

  test('the groups of one are those of all, if the others have none', async () => {
    const without = said('corp', () => ({ outcome: 'authenticated', user: 'alice' }));
    const groupsOf = async (...all: Said[]) => {
      const outcome = await ask(allOf(all));
      return outcome.outcome === 'authenticated' ? outcome.groups : 'no';
    };
    expect(await groupsOf(without, said('b', 'yes'))).toEqual(['b', 'all']);
    expect(await groupsOf(said('b', 'yes'), without)).toEqual(['b', 'all']);
    expect(await groupsOf(without)).toBeUndefined();
  });

  test.each<[(number | undefined)[], number | undefined]>([
    [[undefined, undefined], undefined],
    [[5, undefined], 5],
    [[undefined, 5], 5],
    [[9, 5], 5],
    [[5, 9], 5],
    [[5, 0, 9], 0],
  ])('of yeses until %j lasts until %s', async (times, expected) => {
    const all = times.map((expiresAt, index) =>
      said(`l${index}`, () => ({ outcome: 'authenticated', user: 'alice', expiresAt })),
    );
    const outcome = await ask(allOf(all));
    expect(outcome.outcome === 'authenticated' && outcome.expiresAt).toBe(expected);
  });

  test('a single factor gets the secret, whatever code comes with it', async () => {
    const [only] = backends('yes') as [Said];
    await ask(allOf([only]), { secret: 'password', oneTimeCode: '123456' });
    expect(only.seen[0]?.secret).toBe('password');
  });

  test('a yes to parts of a secret is for once', async () => {
    const untilWhen = async (authenticator: Authenticator, asked: Asked) => {
      const outcome = await ask(authenticator, asked);
      return outcome.outcome === 'authenticated' ? outcome.expiresAt : 'no';
    };
    expect(await untilWhen(allOf(backends('yes', 'yes'), { split: ',' }), { secret: 'a,b' })).toBe(0);
    expect(await untilWhen(allOf(backends('yes', 'yes')), { oneTimeCode: '123456' })).toBe(0);
    expect(await untilWhen(allOf(backends('yes', 'yes')), {})).toBeUndefined();
  });

  describe('split', () => {
    const parts = async (secret: string, factors: number, split: string, oneTimeCode?: string) => {
      const all = backends(...Array(factors).fill('yes' as const));
      const outcome = await ask(allOf(all, { split }), { secret, ...(oneTimeCode !== undefined && { oneTimeCode }) });
      return outcome.outcome === 'denied' ? outcome.cause : all.flatMap(({ seen }) => seen.map((call) => call.secret));
    };

    test.each<[string, number, string, string | string[]]>([
      ['password,123456', 2, ',', ['password', '123456']],
      ['pass,word,123456', 2, ',', ['pass,word', '123456']],
      ['a,b,c', 3, ',', ['a', 'b', 'c']],
      ['p,a,b,c', 3, ',', ['p,a', 'b', 'c']],
      ['p--a--b', 2, '--', ['p--a', 'b']],
      ['p---a', 2, '--', ['p-', 'a']],
      ['pässwörd😀,1', 2, ',', ['pässwörd😀', '1']],
      ['😀😀1', 2, '😀', ['😀', '1']],
      ['password', 1, ',', ['password']],
      ['pass,word', 1, ',', ['pass,word']],
      ['password', 2, ',', 'missingFactor'],
      ['', 2, ',', 'missingFactor'],
      [',', 2, ',', 'missingFactor'],
      [',123456', 2, ',', 'missingFactor'],
      ['password,', 2, ',', 'missingFactor'],
      ['a,b', 3, ',', 'missingFactor'],
      ['a,,c', 3, ',', 'missingFactor'],
    ])('%j for %i factors at %j', async (secret, factors, split, expected) => {
      expect(await parts(secret, factors, split)).toEqual(expected);
    });

    test('a code that came apart is for the last factor, and what is left is split among the others', async () => {
      expect(await parts('pass,word', 2, ',', '123456')).toEqual(['pass,word', '123456']);
      expect(await parts('a,b', 3, ',', '123456')).toEqual(['a', 'b', '123456']);
      expect(await parts('a', 3, ',', '123456')).toBe('missingFactor');
      expect(await parts('password', 1, ',', '123456')).toEqual(['password']);
    });

    test('without it, every factor gets the whole secret, and the last one a code that came apart', async () => {
      const all = backends('yes', 'yes');
      await ask(allOf(all), { secret: 'a,b' });
      await ask(allOf(all), { secret: 'a,b', oneTimeCode: '123456' });
      expect(all.map(({ seen }) => seen.map(({ secret }) => secret))).toEqual([
        ['a,b', 'a,b'],
        ['a,b', '123456'],
      ]);
      expect(all.flatMap(({ seen }) => seen.map(({ oneTimeCode }) => oneTimeCode)).join('')).toBe('');
    });

    test('ASVS 6.3.8: too few parts are a no at once, whoever the user is, and nobody is asked', async () => {
      const clock = simulatedClock();
      const all = [
        said('corp', ({ username }) => Promise.resolve({ outcome: 'denied', cause: username })),
        said('codes', 'yes'),
      ];
      const authenticator = allOf(all, { split: ',', clock });
      const outcomes = [
        await ask(authenticator, { secret: 'one' }),
        await ask(authenticator, { username: 'nobody', secret: 'one' }),
      ];
      expect(outcomes[0]).toEqual({ outcome: 'denied', cause: 'missingFactor', path: [] });
      expect(outcomes[1]).toEqual(outcomes[0]);
      expect(asked(all)).toBe('00');
    });

    test('ASVS 16.2.5: what a backend says of its part is withheld, in errors, causes and paths', async () => {
      const [password, code] = ['marked-password', '987654'];
      const quoting = { backend: 'inner', outcome: 'denied', cause: `no ${code} here`, milliseconds: 1 } as const;
      const tell = [
        said('corp', ({ secret }) => Promise.reject(new Error(`bind as alice with ${secret.reveal()} failed`))),
        said('corp', ({ secret }) => ({ outcome: 'denied', cause: `not ${secret.reveal()}` })),
        said('corp', () => ({ outcome: 'authenticated', user: 'alice', path: [{ ...quoting, cause: password }] })),
      ];
      for (const first of tell) {
        const second = said('codes', ({ secret }) => ({ outcome: 'denied', cause: secret.reveal(), path: [quoting] }));
        const said_ = await ask(allOf([first, second], { split: ',' }), { secret: `${password},${code}` }).catch(
          (e) => e,
        );
        expect(findSecret(said_, password)).toBeUndefined();
        expect(findSecret(said_, code)).toBeUndefined();
      }
    });

    test.each(['', 5, null, '\uD83D'])('%j is no separator', (split) => {
      expect(() => allOf(backends('yes', 'yes'), { split: split as string })).toThrow(/split is a separator/);
    });
  });
});
