import { describe, expect, test } from '@jest/globals';
import {
  allOf,
  type ChainLink,
  type ChainOptions,
  chain,
  firstOf,
} from '../../../src/adapters/authenticators/chain.js';
import { ConfigurationError, Secret } from '../../../src/index.js';
import { ask, backends, result } from '../../support/ask-composition.js';
import { type Said, said, type Word } from '../../support/said.js';

describe('a chain', () => {
  type Rules = Partial<ChainLink>;
  const run = (all: readonly (readonly [Word, Rules])[], options: ChainOptions = { identities: 'merged' }) =>
    result(
      chain(
        all.map(([word, rules], index) => ({ authenticator: said('abc'.charAt(index), word), ...rules })),
        options,
      ),
    );
  const required: Rules = { onSuccess: 'continue', onUnknownUser: 'reject' };

  test('by default is that of firstOf', async () => {
    for (const words of [
      ['unknown', 'yes'],
      ['wrong', 'yes'],
      ['fault', 'yes'],
    ] as Word[][]) {
      const links = backends(...words).map((authenticator) => ({ authenticator }));
      expect(await result(chain(links))).toBe(await result(firstOf(backends(...words))));
    }
  });

  test('an optional factor is asked of those who have it', async () => {
    const optional: Rules = { onUnknownUser: 'accept' };
    expect(
      await run([
        ['yes', required],
        ['unknown', optional],
      ]),
    ).toBe('yes alice');
    expect(
      await run([
        ['yes', required],
        ['yes', optional],
      ]),
    ).toBe('yes alice');
    expect(
      await run([
        ['yes', required],
        ['wrong', optional],
      ]),
    ).toBe('no wrongSecret');
    expect(
      await run([
        ['yes', required],
        ['fault', optional],
      ]),
    ).toBe('fault');
    expect(
      await run([
        ['unknown', {}],
        ['unknown', optional],
      ]),
    ).toBe('no unknownUser');
  });

  test('nobody is let in whom no link let in', async () => {
    expect(await run([['unknown', { onUnknownUser: 'accept' }]])).toBe('no unknownUser');
    expect(
      await run([
        ['wrong', { onDenied: 'continue' }],
        ['unknown', { onUnknownUser: 'accept' }],
      ]),
    ).toBe('no wrongSecret');
    expect(
      await run([
        ['fault', { onFault: 'continue' }],
        ['unknown', { onUnknownUser: 'accept' }],
      ]),
    ).toBe('fault');
  });

  test('a factor that fails is no factor that said yes, whatever its rule', async () => {
    const lenient: Rules = { ...required, onDenied: 'continue', onUnknownUser: 'continue', onFault: 'continue' };
    for (const [word, expected] of [
      ['fault', 'fault'],
      ['wrong', 'no wrongSecret'],
      ['unknown', 'no notEnrolled'],
    ] as const) {
      expect(
        await run([
          ['yes', required],
          [word, lenient],
        ]),
      ).toBe(expected);
      expect(
        await run([
          ['yes', required],
          [word, lenient],
          ['yes', required],
        ]),
      ).toBe(expected);
      expect(
        await run([
          ['yes', required],
          [word, lenient],
          ['unknown', { onUnknownUser: 'accept' }],
        ]),
      ).toBe(expected);
    }
  });

  test('a second factor has a spare: one that accepts makes good the fault before it', async () => {
    const spare: Rules = { onSuccess: 'accept' };
    expect(
      await run([
        ['yes', required],
        ['fault', { ...spare, onFault: 'continue' }],
        ['yes', spare],
      ]),
    ).toBe('yes alice');
  });

  test('who is in a list of the excluded gets no', async () => {
    const excluded: Rules = { onSuccess: 'reject', onDenied: 'continue' };
    expect(
      await run([
        ['yes', excluded],
        ['yes', {}],
      ]),
    ).toBe('no excluded');
    expect(
      await run([
        ['wrong', excluded],
        ['yes', {}],
      ]),
    ).toBe('yes alice');
    expect(
      await run([
        ['yes', required],
        ['yes', excluded],
      ]),
    ).toBe('no excluded');
  });

  test('once a user is found, the next link is asked by the name that the chain gives', async () => {
    const second = said('b', 'yes');
    const authenticator = chain([
      { authenticator: said('a', 'yes'), onSuccess: 'continue' },
      { authenticator: second },
    ]);
    expect(await result(authenticator)).toBe('yes a:alice');
    expect(second.seen[0]?.username).toBe('a:alice');
  });

  test.each<[unknown, RegExp]>([
    [[], /needs a list of one authenticator at least/],
    [undefined, /needs a list of one authenticator at least/],
    [[{}], /link 1 has no authenticator/],
    [[undefined], /link 1 has no authenticator/],
    [[{ authenticator: { name: 'x' } }], /link 1 has no authenticator/],
    [[{ authenticator: said('x', 'yes'), onFault: 'accept' }], /link 1: onFault is fail or continue/],
    [[{ authenticator: said('x', 'yes'), onDenied: 'accept' }], /link 1: onDenied is reject or continue/],
    [[{ authenticator: said('x', 'yes'), onSuccess: 'yes' }], /link 1: onSuccess is accept or continue or reject/],
    [[{ authenticator: said('x', 'yes'), onsuccess: 'reject' }], /Is onSuccess meant\?/],
  ])('of %j is refused', (links, problem) => {
    expect(() => chain(links as ChainLink[])).toThrow(problem);
    expect(() => chain(links as ChainLink[])).toThrow(ConfigurationError);
  });

  test('options that are misspelt or make no sense are told, all at once', () => {
    const all = backends('yes', 'yes');
    expect(() => firstOf(all, { onfault: 'continue', identities: 'both' } as never)).toThrow(
      /Is onFault meant\?.*identities is qualified or merged/,
    );
    expect(() => firstOf(all, { onFault: 'accept' } as never)).toThrow(/onFault is fail or continue/);
    expect(() => allOf(all, { identities: 'merged' } as never)).toThrow(/no option identities/);
    expect(() => allOf({} as never, { name: ' ' })).toThrow(/name is empty.*one authenticator at least/);
  });
});

describe('nested compositions', () => {
  test('a directory or a file, and a code for either', async () => {
    const codes = said('codes', 'yes');
    const corp = said('corp', 'unknown');
    const authenticator = allOf([firstOf([corp, said('local', 'yes')]), codes], { split: ',' });
    expect(await result(authenticator, { secret: 'marked-password,123456' })).toBe('yes local:alice');
    expect(corp.seen[0]?.secret).toBe('marked-password');
    expect(codes.seen).toMatchObject([{ username: 'local:alice', secret: '123456' }]);
  });

  test('a user with two factors, or one of another backend with one', async () => {
    const withFactors = (first: Word, second: Word) =>
      firstOf([allOf([said('corp', first), said('codes', second)], { name: 'staff' }), said('guests', 'yes')]);
    expect(await result(withFactors('yes', 'yes'))).toBe('yes staff:alice');
    expect(await result(withFactors('unknown', 'yes'))).toBe('yes guests:alice');
    expect(await result(withFactors('wrong', 'yes'))).toBe('no wrongSecret');
    expect(await result(withFactors('yes', 'wrong'))).toBe('no wrongSecret');
    // Who has proved the first factor is no unknown user: the guests are not asked.
    expect(await result(withFactors('yes', 'unknown'))).toBe('no notEnrolled');
  });

  test('faults of inner ones follow the rule of the outer one', async () => {
    const inner = () => firstOf(backends('fault', 'unknown'), { onFault: 'continue', name: 'inner' });
    expect(await result(firstOf([inner(), said('x', 'yes')]))).toBe('fault');
    expect(await result(firstOf([inner(), said('x', 'yes')], { onFault: 'continue' }))).toBe('yes x:alice');
    expect(await result(firstOf([firstOf(backends('overload')), said('x', 'unknown')], { onFault: 'continue' }))).toBe(
      'overload 7',
    );
  });

  test('a code that came apart reaches the last factor of the outermost, and nobody else', async () => {
    const [password, card, code] = backends('yes', 'yes', 'yes') as [Said, Said, Said];
    await ask(allOf([allOf([password, card], { name: 'inner' }), code]), { secret: 'pw', oneTimeCode: '123456' });
    expect([password, card, code].map(({ seen }) => [seen[0]?.secret, seen[0]?.oneTimeCode])).toEqual([
      ['pw', undefined],
      ['pw', undefined],
      ['123456', undefined],
    ]);
    const [pin, token] = backends('yes', 'yes') as [Said, Said];
    const last = allOf([pin, token], { name: 'inner', split: '-' });
    await ask(allOf([password, last]), { secret: 'pw', oneTimeCode: '0000-123456' });
    expect([pin, token].map(({ seen }) => seen[0]?.secret)).toEqual(['0000', '123456']);
  });

  test('parts of parts', async () => {
    const all = backends('yes', 'yes', 'yes');
    const inner = allOf(all.slice(0, 2), { name: 'inner', split: ':' });
    await ask(allOf([inner, all[2] as Said], { split: ',' }), { secret: 'p,q:r,s' });
    expect(all.map(({ seen }) => seen[0]?.secret)).toEqual(['p,q', 'r', 's']);
  });
});

test('what a link does to the credentials that it gets changes none of another', async () => {
  const meddler = said('meddler', (credentials) => {
    Object.assign(credentials, { username: 'root', secret: new Secret('another') });
    return { outcome: 'denied', cause: 'unknownUser' };
  });
  const next = said('next', 'yes');
  expect(await result(firstOf([meddler, next]))).toBe('yes next:alice');
  expect(next.seen[0]).toMatchObject({ username: 'alice', secret: 'marked-user-secret-1' });
});
