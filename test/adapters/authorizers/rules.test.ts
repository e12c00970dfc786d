import { describe, expect, test } from '@jest/globals';
import { type RulesAuthorizerOptions, rulesAuthorizer } from '../../../src/adapters/authorizers/rules.js';
import type { AuthorizationRequest } from '../../../src/index.js';
import { ConfigurationError } from '../../../src/model/errors.js';
import { authorizerContract } from '../../../src/testing/index.js';
import { AUTHORIZER_FAILED, authorizedInit, NOT_AUTHORIZED } from '../../support/authorized-init.js';

const signal = new AbortController().signal;

async function decide(rule: RulesAuthorizerOptions['rules'][number], request: Partial<AuthorizationRequest>) {
  return (await rulesAuthorizer({ rules: [rule] }).authorize({ user: 'ada', ...request }, { signal })).outcome;
}

function problemsOf(options: unknown): readonly string[] {
  try {
    rulesAuthorizer(options as RulesAuthorizerOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
  return [];
}

describe('rules keeps the contract', () => {
  const cases = authorizerContract({
    create: () =>
      rulesAuthorizer({
        rules: [
          { groups: ['staff'], claims: { email_verified: true, department: ['research', 'sales'] } },
          { users: ['root'] },
        ],
        noneOf: ['suspended'],
      }),
    allowed: [
      { user: 'ada', groups: ['staff'], claims: { email_verified: true, department: 'sales' } },
      { user: 'bob', groups: ['x', 'staff'], claims: { email_verified: true, department: ['law', 'research'] } },
      { user: 'root' },
    ],
    denied: [
      { user: 'eve', groups: ['guests'], claims: { email_verified: true, department: 'sales' } },
      { user: 'cy', groups: ['staff'], claims: { department: 'sales' } },
      { user: 'dan', groups: ['staff'] },
      { user: 'root', groups: ['suspended'] },
    ],
  });
  for (const { name, run } of cases) test(name, run);
});

describe('claims', () => {
  test.each([
    [true, true],
    ['research', 'research'],
    ['research', ['law', 'research']],
    [['law', 'research'], 'research'],
    [
      ['law', 'research'],
      ['sales', 'research'],
    ],
    [3, 3],
    [{ roles: 'admin' }, { roles: ['user', 'admin'], more: 1 }],
    [{ a: { b: { c: [1, 2] } } }, { a: { b: { c: 2 } } }],
  ])('%j expects what %j is', async (expected, claim) => {
    expect(await decide({ claims: { it: expected as never } }, { claims: { it: claim } })).toBe('authorized');
  });

  test.each([
    [true, 'true'],
    [true, 1],
    ['1', 1],
    ['research', 'Research'],
    ['research', 'research '],
    ['research', undefined],
    ['research', null],
    ['research', []],
    ['research', { research: true }],
    ['research', [['research']]],
    [0, -1],
    [0, ''],
    [false, undefined],
    [false, null],
    ['undefined', undefined],
    ['[object Object]', {}],
    [{ roles: 'admin' }, 'admin'],
    [{ roles: 'admin' }, ['admin']],
    [{ roles: 'admin' }, [{ roles: 'admin' }]],
    [{ length: 5 }, 'admin'],
    [{ length: 1 }, ['admin']],
  ])('%j is not met by %j', async (expected, claim) => {
    expect(await decide({ claims: { it: expected as never } }, { claims: { it: claim } })).toBe('denied');
  });

  test('fail closed if there are none, or only some', async () => {
    const rule = { claims: { a: 1, b: 1 } };
    expect(await decide(rule, {})).toBe('denied');
    expect(await decide(rule, { claims: {} })).toBe('denied');
    expect(await decide(rule, { claims: { a: 1 } })).toBe('denied');
    expect(await decide(rule, { claims: { a: 1, b: 1 } })).toBe('authorized');
  });

  test('are nobody’s by inheritance, and prototype keys of JSON are claims like any other', async () => {
    const planted = JSON.parse('{"__proto__": {"admin": true}}');
    expect(await decide({ claims: { admin: true } }, { claims: planted })).toBe('denied');
    expect(await decide({ claims: { admin: true } }, { claims: Object.create({ admin: true }) })).toBe('denied');
    expect(await decide({ claims: { constructor: { name: 'Object' } } }, { claims: {} })).toBe('denied');
    expect(await decide({ claims: { it: { length: 0 } } }, { claims: { it: [] } })).toBe('denied');
    const expected = JSON.parse('{"__proto__": {"admin": true}}');
    expect(await decide({ claims: expected }, { claims: {} })).toBe('denied');
    expect(await decide({ claims: expected }, { claims: planted })).toBe('authorized');
  });
});

test('all parts of a rule must hold, and one rule', async () => {
  const rule = { users: ['ada'], groups: ['staff', 'crew'], claims: { ok: true } };
  const right = { user: 'ada', groups: ['crew'], claims: { ok: true } };
  expect(await decide(rule, right)).toBe('authorized');
  expect(await decide(rule, { ...right, user: 'bob' })).toBe('denied');
  expect(await decide(rule, { ...right, groups: ['CREW'] })).toBe('denied');
  expect(await decide(rule, { ...right, claims: { ok: false } })).toBe('denied');
});

test.each([
  ['a quote', `ada" OR "1"="1`],
  ['a line break', 'ada\nroot'],
  ['a NUL', 'ada\0'],
  ['a wildcard', '*'],
  ['a separator', 'x::ada'],
  ['another form of Unicode', 'ad\u0061\u0301'],
])('a user whose name has %s is nobody else', async (_, user) => {
  expect(await decide({ users: ['ada'] }, { user })).toBe('denied');
  expect(await decide({ groups: ['ada'] }, { user, groups: [user] })).toBe('denied');
});

test('an option that is changed later changes nothing', async () => {
  const rules = [{ groups: ['staff'] }];
  const authorizer = rulesAuthorizer({ rules });
  rules[0]?.groups.push('guests');
  rules.push({ groups: ['guests'] });
  expect((await authorizer.authorize({ user: 'eve', groups: ['guests'] }, { signal })).outcome).toBe('denied');
});

test.each([
  [undefined, [/rules must be a list/]],
  [{ rules: [] }, [/rules must be a list.*allowAllAuthorizer/]],
  [{ rules: {} }, [/rules must be a list/]],
  [{ rules: [{}] }, [/rules\[0\] has no part, which would let everybody in/]],
  [{ rules: [{ claims: {} }] }, [/rules\[0\]\.claims must name one claim/]],
  [{ rules: [{ claims: { a: {} } }] }, [/rules\[0\]\.claims\.a must name one claim/]],
  [{ rules: [{ claims: { a: [] } }] }, [/claims\.a must list/]],
  [{ rules: [{ claims: { a: [[1]] } }] }, [/claims\.a must list/]],
  [{ rules: [{ claims: { a: null } }] }, [/claims\.a must be one of.*is null/]],
  [{ rules: [{ claims: { a: Number.NaN } }] }, [/claims\.a must be/]],
  [{ rules: [{ claims: ['a'] }] }, [/claims must be an object, and is an array/]],
  [{ rules: [{ groups: [] }] }, [/groups must be a list of one name at least/]],
  [{ rules: [{ users: [''] }] }, [/users must be a list/]],
  [{ rules: [{ users: 'ada' }] }, [/users must be a list/]],
  [{ rules: ['staff'] }, [/rules\[0\] must be an object/]],
  [{ rules: [{ users: ['a'] }], noneOf: 'x' }, [/noneOf must be a list/]],
  [{ rules: [{ users: ['a'] }], name: '' }, [/name must be/]],
  [
    { Rules: [], rules: [{ Groups: ['a'], users: ['a'] }, { groups: [1] }], noneOf: [] },
    [/no option Rules\. Is rules meant/, /rules\[0\] has no option Groups\. Is groups meant/, /rules\[1\]/, /noneOf/],
  ],
])('%j is told as it is given, every problem at once', (options, expected) => {
  const problems = problemsOf(options ?? {});
  expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});

test('each outcome ends an init in its reason', async () => {
  const authorizer = rulesAuthorizer({ rules: [{ groups: ['staff'], claims: { ok: true } }], noneOf: ['suspended'] });
  const right = { user: 'ada', groups: ['staff'], claims: { ok: true } };
  expect(await authorizedInit(authorizer, right)).toMatchObject({ reason: 'authorized', sessions: 1 });
  expect(await authorizedInit(authorizer, { ...right, claims: {} })).toMatchObject({
    ...NOT_AUTHORIZED,
    cause: 'noRuleHolds',
  });
  expect(await authorizedInit(authorizer, { ...right, groups: ['staff', 'suspended'] })).toMatchObject({
    ...NOT_AUTHORIZED,
    cause: 'excludedGroup',
  });
});

test('ASVS 16.5.3: claims that throw as they are looked at let nobody in', async () => {
  const authorizer = rulesAuthorizer({ rules: [{ claims: { ok: true } }] });
  const claims = Object.defineProperty({}, 'ok', {
    get() {
      throw new Error('marked-backend-text');
    },
  });
  const init = await authorizedInit(authorizer, { user: 'ada', claims });
  expect(init).toMatchObject(AUTHORIZER_FAILED);
  expect(init.response).not.toContain('marked-');
});
