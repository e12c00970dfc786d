import { describe, expect, test } from '@jest/globals';
import { allowAllAuthorizer } from '../../src/adapters/authorizers/allow-all.js';
import { groupsAuthorizer } from '../../src/adapters/authorizers/groups.js';
import type { Authorizer } from '../../src/adapters/ports.js';
import { answers, authorizerContract, denies, garbles, scriptedAuthorizer, throws } from '../../src/testing/index.js';

const allowed = [
  { user: 'ada', groups: ['staff', 'engines'] },
  { user: 'bob', groups: ['staff'], claims: { department: 'sales' } },
];
const denied = [{ user: 'eve', groups: ['guests'] }, { user: 'mallory' }];
const sound = () => groupsAuthorizer({ anyOf: ['staff'] });
const down = () => scriptedAuthorizer().on('authorize', throws());

/** A groups authorizer with one thing done wrong. */
const broken =
  (authorize: (inner: Authorizer, ...call: Parameters<Authorizer['authorize']>) => unknown) => (): Authorizer => {
    const inner = sound();
    return { ...inner, authorize: (async (...call) => authorize(inner, ...call)) as Authorizer['authorize'] };
  };

/** The bug, the case that must catch it, the authorizer that has it, and the one whose backend is down. */
const PLANTED: readonly [bug: string, caughtBy: RegExp, create: () => Authorizer, createBroken?: () => Authorizer][] = [
  ['it has no name', /has a name/, () => ({ ...sound(), name: ' ' })],
  ['everybody may', /due to them/, allowAllAuthorizer],
  ['nobody may', /due to them/, () => scriptedAuthorizer().on('authorize', denies())],
  ['it answers a boolean', /due to them/, () => scriptedAuthorizer().on('authorize', garbles(true))],
  [
    'a no is an error',
    /due to them/,
    broken(async (inner, ...call) => {
      const outcome = await inner.authorize(...call);
      if (outcome.outcome === 'denied') throw new Error('Forbidden');
      return outcome;
    }),
  ],
  [
    'a cause is an error object',
    /due to them/,
    broken(async (inner, ...call) => ({ ...(await inner.authorize(...call)), cause: new Error('no') })),
  ],
  [
    'it remembers the first answer for everybody',
    /due to them|whatever was asked before/,
    () => {
      let answer: Promise<unknown> | undefined;
      return broken((inner, ...call) => {
        answer ??= inner.authorize(...call);
        return answer;
      })();
    },
  ],
  [
    'it lets somebody in once',
    /whatever was asked before/,
    () => {
      const seen = new Set<string>();
      return broken((inner, identity, options) => {
        if (seen.has(identity.user)) return { outcome: 'denied' };
        seen.add(identity.user);
        return inner.authorize(identity, options);
      })();
    },
  ],
  [
    'somebody without groups is an error',
    /hardly known|due to them/,
    broken((inner, identity, options) => {
      if ((identity.groups as string[]).length === 0) return { outcome: 'denied' };
      return inner.authorize(identity, options);
    }),
  ],
  [
    'groups are looked up in the prototype, too',
    /hardly known/,
    broken((_, { groups = [] }) => {
      const rights: Record<string, unknown> = { staff: true };
      return groups.some((group) => rights[group]) ? { outcome: 'authorized' } : { outcome: 'denied' };
    }),
  ],
  [
    'a star matches every group',
    /hardly known/,
    broken((inner, identity, options) =>
      identity.groups?.includes('*') ? { outcome: 'authorized' } : inner.authorize(identity, options),
    ),
  ],
  [
    'it goes by who asked last',
    /many calls at once/,
    () => {
      let asked: Parameters<Authorizer['authorize']>[0] | undefined;
      return broken(async (inner, identity, options) => {
        asked = identity;
        await new Promise((resolve) => setImmediate(resolve));
        return inner.authorize(asked, options);
      })();
    },
  ],
  [
    'it changes the identity',
    /due to them/,
    broken((inner, identity, options) => {
      (identity.groups as string[])?.sort();
      return inner.authorize(identity, options);
    }),
  ],
  [
    'who is given up is let in',
    /given up/,
    broken((inner, identity, options) =>
      options.signal.aborted ? { outcome: 'authorized' } : inner.authorize(identity, options),
    ),
  ],
  [
    'closing one closes all',
    /leaves another alone/,
    (() => {
      let isClosed = false;
      return () => ({
        ...broken((inner, ...call) => {
          if (isClosed) throw new Error('closed');
          return inner.authorize(...call);
        })(),
        close: async () => {
          isClosed = true;
        },
      });
    })(),
  ],
  ['a backend that is down is a denial', /16\.5\.3/, sound, () => scriptedAuthorizer().on('authorize', denies())],
  [
    'a backend that is down lets everybody in',
    /16\.5\.3/,
    sound,
    () => scriptedAuthorizer().on('authorize', answers()),
  ],
];

async function failures(create: () => Authorizer, createBroken: () => Authorizer): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of authorizerContract({ create, createBroken, allowed, denied })) {
    await run().catch(() => failed.push(name));
  }
  return failed;
}

describe('authorizerContract', () => {
  test.each(PLANTED)('catches it when %s', async (_, caughtBy, create, createBroken = down) => {
    const failed = await failures(create, createBroken);
    expect(failed.filter((name) => caughtBy.test(name))).not.toEqual([]);
  });

  test('finds nothing wrong with what is right', async () => {
    expect(await failures(sound, down)).toEqual([]);
  });

  test('needs somebody who is allowed, and has a case of a fault only if it can make one', () => {
    expect(() => authorizerContract({ create: sound, allowed: [] })).toThrow(/needs somebody in `allowed`/);
    const without = authorizerContract({ create: sound, allowed }).map(({ name }) => name);
    const cases = authorizerContract({ create: sound, allowed, createBroken: down }).map(({ name }) => name);
    expect(cases.filter((name) => !without.includes(name))).toEqual([expect.stringContaining('ASVS 16.5.3')]);
    expect(new Set(cases).size).toBe(cases.length);
  });
});

describe.each<[string, () => Authorizer, typeof allowed, { user: string; groups?: string[] }[]]>([
  ['allow-all', allowAllAuthorizer, [...allowed, { user: 'eve', groups: [] }], []],
  ['groups: anyOf', () => groupsAuthorizer({ anyOf: ['staff', 'crew'] }), allowed, denied],
  [
    'groups: allOf and noneOf',
    () => groupsAuthorizer({ allOf: ['staff', 'engines'], noneOf: ['banned'] }),
    [{ user: 'ada', groups: ['staff', 'engines'] }],
    [...denied, { user: 'bob', groups: ['staff'] }, { user: 'cy', groups: ['staff', 'engines', 'banned'] }],
  ],
])('%s keeps the contract', (_, create, mayHave, mayNot) => {
  for (const { name, run } of authorizerContract({ create, allowed: mayHave, denied: mayNot })) test(name, run);
});
