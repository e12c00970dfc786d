import { describe, expect, test } from '@jest/globals';
import {
  allOf,
  type ChainLink,
  type ChainOptions,
  chain,
  firstOf,
} from '../../../src/adapters/authenticators/chain.js';
import type { AuthenticationOutcome, Authenticator } from '../../../src/adapters/ports.js';
import {
  BackendFaultError,
  ClosedError,
  ConfigurationError,
  DefectError,
  OverloadedError,
  type PathStep,
  Secret,
  SessionInitError,
  staticAuthenticator,
} from '../../../src/index.js';
import { findSecret } from '../../../src/testing/find-secret.js';
import { authenticatorContract, simulatedClock } from '../../../src/testing/index.js';
import { type Said, said, type Word } from '../../support/said.js';

const live = () => new AbortController().signal;

interface Asked {
  username?: string;
  secret?: string;
  oneTimeCode?: string;
}

function ask(authenticator: Authenticator, asked: Asked = {}, signal = live()): Promise<AuthenticationOutcome> {
  const { username = 'alice', secret = 'marked-user-secret-1', oneTimeCode } = asked;
  const credentials = {
    username,
    secret: new Secret(secret),
    ...(oneTimeCode !== undefined && { oneTimeCode: new Secret(oneTimeCode) }),
    ipAddress: '192.0.2.1',
  };
  return authenticator.authenticate(Object.freeze(credentials), { signal });
}

async function faultOf(work: Promise<unknown>): Promise<SessionInitError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(SessionInitError);
  return error as SessionInitError;
}

const inWords = (path: readonly PathStep[] | undefined): string =>
  (path ?? [])
    .map(({ backend, outcome, cause, path: within }) => {
      const more = [cause, within && `(${inWords(within)})`].filter((part) => part !== undefined);
      return [`${backend} ${outcome}`, ...more].join(' ');
    })
    .join(', ');

/** What comes out, in words: `yes corp:alice`, `no wrongSecret`, `fault`. */
async function result(authenticator: Authenticator, asked?: Asked): Promise<string> {
  try {
    const outcome = await ask(authenticator, asked);
    return outcome.outcome === 'authenticated' ? `yes ${outcome.user}` : `no ${outcome.cause}`;
  } catch (error) {
    if (error instanceof OverloadedError) return `overload ${error.retryAfter}`;
    if (error instanceof DefectError) return 'defect';
    return error instanceof BackendFaultError ? 'fault' : `thrown ${error}`;
  }
}

/** Backends named a, b, c …, each saying one thing. */
const backends = (...words: Word[]): Said[] => words.map((word, index) => said('abcdef'.charAt(index), word));
const asked = (all: readonly Said[]) => all.map(({ seen }) => seen.length).join('');

describe('firstOf', () => {
  test.each<[Word[], string, string]>([
    [['yes', 'yes'], 'yes a:alice', '10'],
    [['unknown', 'yes'], 'yes b:alice', '11'],
    [['unknown', 'unknown'], 'no unknownUser', '11'],
    [['wrong', 'yes'], 'no wrongSecret', '10'],
    [['no', 'yes'], 'no undefined', '10'],
    [['unknown', 'wrong'], 'no wrongSecret', '11'],
    [['fault', 'yes'], 'fault', '10'],
    [['garbage', 'yes'], 'fault', '10'],
    [['overload', 'yes'], 'overload 7', '10'],
    [['defect', 'yes'], 'defect', '10'],
    [['unknown', 'fault'], 'fault', '11'],
    [['unknown', 'unknown', 'yes'], 'yes c:alice', '111'],
  ])('of %j says %s', async (words, expected, calls) => {
    const all = backends(...words);
    expect(await result(firstOf(all))).toBe(expected);
    expect(asked(all)).toBe(calls);
  });

  test.each<[Word[], string, string]>([
    [['fault', 'yes'], 'yes b:alice', '11'],
    [['garbage', 'yes'], 'yes b:alice', '11'],
    [['fault', 'unknown'], 'fault', '11'],
    [['fault', 'wrong'], 'fault', '11'],
    [['fault', 'unknown', 'yes'], 'yes c:alice', '111'],
    [['fault', 'overload'], 'fault', '11'],
    [['overload', 'unknown'], 'overload 7', '11'],
    [['overload', 'fault'], 'overload 7', '11'],
    [['defect', 'unknown'], 'defect', '11'],
    [['unknown', 'fault', 'unknown'], 'fault', '111'],
  ])('that goes on after faults, of %j says %s: a fault is never a denial', async (words, expected, calls) => {
    const all = backends(...words);
    expect(await result(firstOf(all, { onFault: 'continue' }))).toBe(expected);
    expect(asked(all)).toBe(calls);
  });

  test.each<[Word[], string]>([
    [['wrong', 'yes'], 'yes b:alice'],
    [['wrong', 'unknown'], 'no wrongSecret'],
    [['unknown', 'no', 'wrong'], 'no undefined'],
    [['wrong', 'fault'], 'fault'],
  ])('that goes on after denials, of %j says %s', async (words, expected) => {
    expect(await result(firstOf(backends(...words), { onDenied: 'continue' }))).toBe(expected);
  });

  test('gives every link what was asserted, and takes groups and claims of who said yes', async () => {
    const [first, second] = backends('unknown', 'yes') as [Said, Said];
    const outcome = await ask(firstOf([first, second]), { oneTimeCode: '123456' });
    const call = {
      username: 'alice',
      secret: 'marked-user-secret-1',
      oneTimeCode: '123456',
      ipAddress: '192.0.2.1',
    };
    expect([...first.seen, ...second.seen]).toEqual([call, call]);
    expect(outcome).toMatchObject({ user: 'b:alice', groups: ['b', 'all'], claims: { from: 'b' } });
  });
});

describe('ASVS 6.8.1: identity is backend and user', () => {
  const known = (name: string, user: string) => said(name, () => ({ outcome: 'authenticated', user }));

  test('two backends with an alice each do not merge unless told to', async () => {
    const one = firstOf([known('corp', 'alice'), known('lab', 'alice')]);
    const other = firstOf([said('corp', 'unknown'), known('lab', 'alice')]);
    expect([await result(one), await result(other)]).toEqual(['yes corp:alice', 'yes lab:alice']);
    const merged = firstOf([said('corp', 'unknown'), known('lab', 'alice')], { identities: 'merged' });
    expect(await result(merged)).toBe('yes alice');
  });

  test('no name that a backend gives becomes that of another', async () => {
    const names = ['alice', 'lab:alice', 'corp:alice', ':alice', 'corp', ':', '::'];
    const users = new Set<string>();
    for (const backend of ['corp', 'lab']) {
      for (const name of names) users.add(await result(firstOf([known(backend, name)])));
      for (const name of names) users.add(await result(firstOf([firstOf([known(backend, name)], { name: 'nested' })])));
    }
    expect(users.size).toBe(4 * names.length);
  });

  test.each(['corp:', ':', 'a:b', '', ' ', '\uD800', undefined])('a backend named %j is refused', (name) => {
    const backend = { ...said('x', 'yes'), name: name as string };
    expect(() => firstOf([backend])).toThrow(/link 1 needs a name without a colon/);
  });

  test('two backends of one name are refused, in every composition', () => {
    const twice = [said('corp', 'yes'), said('corp', 'yes')];
    for (const make of [firstOf, allOf, (all: Said[]) => chain(all.map((authenticator) => ({ authenticator })))]) {
      expect(() => make(twice)).toThrow(/several links are named "corp"/);
    }
    const links = [{ authenticator: twice[0] as Said }, { authenticator: twice[1] as Said, name: 'lab' }];
    expect(() => chain(links)).not.toThrow();
  });
});

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

describe('the path', () => {
  /** Says yes after so many milliseconds. */
  const slow = (name: string, clock: ReturnType<typeof simulatedClock>, milliseconds: number) =>
    said(name, async () => {
      clock.increment(milliseconds);
      return { outcome: 'denied', cause: 'unknownUser' };
    });

  test('says who said what, and in how long', async () => {
    const clock = simulatedClock();
    const outcome = await ask(firstOf([slow('corp', clock, 30), said('lab', 'wrong'), said('x', 'yes')], { clock }));
    expect(outcome.path).toEqual([
      { backend: 'corp', outcome: 'denied', cause: 'unknownUser', milliseconds: 30 },
      { backend: 'lab', outcome: 'denied', cause: 'wrongSecret', milliseconds: 0 },
    ]);
    expect(await ask(firstOf([said('x', 'yes')], { clock }))).toMatchObject({
      path: [{ backend: 'x', outcome: 'authenticated', milliseconds: 0 }],
    });
  });

  test('is in the error, too, with the code of each fault', async () => {
    const all = [said('a', 'fault'), said('b', 'overload'), said('c', 'garbage'), said('d', 'unknown')];
    const error = await faultOf(ask(firstOf(all, { onFault: 'continue', name: 'people' })));
    expect(inWords(error.path)).toBe(
      'a failed backend_fault, b failed overloaded, c failed backend_fault, d denied unknownUser',
    );
    expect(error.message).toBe('people: a failed.');
    expect(error.cause).toMatchObject({ message: 'a is down' });
  });

  test('shows those within, of an outcome and of an error', async () => {
    const nested = firstOf([
      firstOf([said('a', 'unknown'), said('b', 'unknown')], { name: 'one' }),
      firstOf([said('c', 'fault')], { name: 'two' }),
    ]);
    expect(inWords((await faultOf(ask(nested))).path)).toBe(
      'one denied unknownUser (a denied unknownUser, b denied unknownUser), two failed backend_fault (c failed backend_fault)',
    );
    const happy = await ask(firstOf([firstOf([said('a', 'yes')], { name: 'one' })]));
    expect(inWords(happy.path)).toBe('one authenticated (a authenticated)');
  });

  test('belongs to one call, whatever happens at the same time', async () => {
    const authenticator = firstOf(backends('unknown', 'yes'));
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => ask(authenticator)));
    for (const { path } of outcomes) expect(inWords(path)).toBe('a denied unknownUser, b authenticated');
    expect(new Set(outcomes.map(({ path }) => path)).size).toBe(50);
  });
});

describe('a call that is given up', () => {
  test('asks nobody if it was aborted before', async () => {
    const all = backends('yes');
    const caller = new AbortController();
    caller.abort(new Error('gone'));
    await expect(ask(firstOf(all), {}, caller.signal)).rejects.toThrow('gone');
    expect(asked(all)).toBe('0');
  });

  test.each(['unknown', 'fault', 'yes'] as const)('asks no other link, after a late %s', async (word) => {
    const caller = new AbortController();
    const late = said('late', async (credentials, options) => {
      caller.abort(new Error('gone'));
      return said('late', word).authenticate(credentials, options);
    });
    const next = said('next', 'yes');
    const links = [
      { authenticator: late, onSuccess: 'continue', onFault: 'continue' } as const,
      { authenticator: next },
    ];
    await expect(ask(chain(links), {}, caller.signal)).rejects.toThrow('gone');
    expect(asked([next])).toBe('0');
  });

  test('reaches the link that is being asked', async () => {
    const caller = new AbortController();
    const call = ask(firstOf([said('hanging', 'hang')]), {}, caller.signal);
    caller.abort(new Error('gone'));
    await expect(call).rejects.toThrow(BackendFaultError);
  });
});

describe('close', () => {
  const failing = (name: string): Said => {
    const backend = said(name, 'yes');
    return Object.assign(backend, {
      close: async () => {
        backend.closed++;
        throw new Error(`${name} does not close`);
      },
    });
  };

  test('closes every link once, however often it is called, and asks nobody afterwards', async () => {
    const all = backends('unknown', 'yes');
    const authenticator = firstOf(all);
    await Promise.all([authenticator.close(), authenticator.close()]);
    await authenticator.close();
    expect(all.map(({ closed }) => closed)).toEqual([1, 1]);
    await expect(ask(authenticator)).rejects.toThrow(ClosedError);
    await expect(authenticator.probe({ signal: live() })).rejects.toThrow(ClosedError);
    expect(asked(all)).toBe('00');
  });

  test('closes the others though some do not close, and says which', async () => {
    const all = [failing('a'), said('b', 'yes'), failing('c')];
    const authenticator = chain(all.map((authenticator) => ({ authenticator })));
    const error = await faultOf(authenticator.close());
    expect(error.message).toBe('chain: a, c could not be closed; the others are.');
    expect((error.cause as AggregateError).errors).toMatchObject([
      { message: 'a does not close' },
      { message: 'c does not close' },
    ]);
    expect(all.map(({ closed }) => closed)).toEqual([1, 1, 1]);
    await expect(authenticator.close()).rejects.toBe(error);
  });

  test('closes an authenticator once that is two links, and one without close not at all', async () => {
    const twice = said('a', 'yes');
    const { name, authenticate } = said('b', 'yes');
    await chain([
      { authenticator: twice },
      { authenticator: twice, name: 'again' },
      { authenticator: { name, authenticate } },
    ]).close();
    expect(twice.closed).toBe(1);
  });

  test('between two links ends the call', async () => {
    const next = said('next', 'yes');
    const first = said('first', async () => {
      void authenticator.close();
      return { outcome: 'denied', cause: 'unknownUser' };
    });
    const authenticator = firstOf([first, next]);
    await expect(ask(authenticator)).rejects.toThrow(ClosedError);
    expect(asked([next])).toBe('0');
  });
});

describe('probe', () => {
  test('asks all links that can be asked, and says which failed', async () => {
    const all = [said('a', 'fault'), said('b', 'yes'), said('c', 'fault'), staticAuthenticator({ users: {} })];
    const error = await faultOf(firstOf(all).probe({ signal: live() }));
    expect(error).toBeInstanceOf(BackendFaultError);
    expect(error.message).toBe('first-of: no sign of life from a, c.');
    await expect(allOf(backends('yes', 'unknown')).probe({ signal: live() })).resolves.toBeUndefined();
  });

  test('of a nested one names the backend in its causes', async () => {
    const inner = firstOf([said('deep', 'fault')], { name: 'inner' });
    const error = await faultOf(firstOf([inner]).probe({ signal: live() }));
    expect([error.message, (error.cause as Error).message, ((error.cause as Error).cause as Error).message]).toEqual([
      'first-of: no sign of life from inner.',
      'inner: no sign of life from deep.',
      'deep is down',
    ]);
  });
});

const users = [
  { username: 'ada', secret: 'Marked-Secret-1', groups: ['staff'] },
  { username: 'bob', secret: 'Marked-Secret-2', groups: ['ops'] },
];
const knows = (name: string, list: typeof users): Authenticator => ({
  ...staticAuthenticator({
    users: Object.fromEntries(list.map(({ username, secret }) => [username, secret])),
    groups: Object.fromEntries(list.map(({ username, groups }) => [username, groups])),
  }),
  name,
});

describe.each([
  [
    'firstOf',
    () => firstOf([knows('one', users.slice(0, 1)), knows('two', users.slice(1))], { identities: 'merged' }),
    users,
  ],
  [
    'firstOf with users named by who knows them',
    () => firstOf([knows('one', users.slice(0, 1)), knows('two', users.slice(1))]),
    users.map((user, index) => ({ ...user, user: `${['one', 'two'][index]}:${user.username}` })),
  ],
  ['allOf', () => allOf([knows('one', users), knows('two', users)]), users],
  [
    'allOf with parts',
    () =>
      allOf(
        [
          knows('one', users),
          knows(
            'two',
            users.map((user) => ({ ...user, secret: '123456' })),
          ),
        ],
        { split: '/' },
      ),
    users.map((user) => ({ ...user, secret: `${user.secret}/123456` })),
  ],
])('the contract of an authenticator: %s', (_, create, known) => {
  const createBroken = () => firstOf([said('down', 'fault'), create()]);
  test.each(authenticatorContract({ create, users: known, createBroken }))('$name', ({ run }) => run());
});
