import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, test } from '@jest/globals';
import {
  type CedarAuthorizer,
  type CedarAuthorizerOptions,
  cedarAuthorizer,
} from '../../../src/adapters/authorizers/cedar.js';
import type { AuthorizationRequest } from '../../../src/index.js';
import { BackendFaultError, ClosedError, ConfigurationError } from '../../../src/model/errors.js';
import { authorizerContract } from '../../../src/testing/index.js';
import { AUTHORIZER_FAILED, authorizedInit, NOT_AUTHORIZED } from '../../support/authorized-init.js';
import { tempFolder } from '../../support/temp-folder.js';

const signal = new AbortController().signal;
const folder = tempFolder();

const POLICIES = `
permit(principal in Group::"staff", action == Action::"createSession", resource == Service::"session-init")
when { context.claims has email_verified && context.claims.email_verified };
permit(principal == User::"root", action, resource);
forbid(principal in Group::"suspended", action, resource);
forbid(principal, action, resource)
when { context has ip && context.ip.isInRange(ip("203.0.113.0/24")) };
`;
const SCHEMA = `
entity User in [Group];
entity Group;
entity Service;
action createSession appliesTo {
  principal: User,
  resource: Service,
  context: { ip?: ipaddr, claims: { email_verified?: Bool, department?: String } },
};
`;

let last = 0;
function file(text: string | Uint8Array): string {
  last += 1;
  const path = join(folder, `file-${last}`);
  writeFileSync(path, text);
  return path;
}

function over(policies = POLICIES, options: Partial<CedarAuthorizerOptions> = {}): CedarAuthorizer {
  return cedarAuthorizer({ policies: file(policies), ...options });
}

async function decide(authorizer: CedarAuthorizer, request: Partial<AuthorizationRequest>) {
  return (await authorizer.authorize({ user: 'ada', ...request }, { signal })).outcome;
}

async function problemsOf(work: () => unknown): Promise<readonly string[]> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
  return [];
}

const verified = { email_verified: true };
const allowed = [
  { user: 'ada', groups: ['guests', 'staff'], claims: verified },
  { user: 'root', ipAddress: '2001:db8::1' },
  { user: 'root', ipAddress: 'fe80::1%eth0' },
];
const denied = [
  { user: 'ada', groups: ['staff'] },
  { user: 'ada', groups: ['staff'], claims: { email_verified: false } },
  { user: 'eve', groups: ['guests'], claims: verified },
  { user: 'root', groups: ['suspended'] },
  { user: 'root', ipAddress: '203.0.113.7' },
];
const createBroken = () => cedarAuthorizer({ policies: join(folder, 'absent') });

describe('policies keep the contract', () => {
  for (const { name, run } of authorizerContract({ create: () => over(), createBroken, allowed, denied }))
    test(name, run);
});

describe('policies with a schema keep the contract', () => {
  const create = () => over(POLICIES, { schema: file(SCHEMA), claims: ['email_verified', 'department'] });
  for (const { name, run } of authorizerContract({ create, createBroken, allowed, denied })) test(name, run);
});

describe('what is asked', () => {
  test('action, resource, namespace and name are options', async () => {
    const policies =
      'permit(principal in Acme::Eu::Group::"a", action == Acme::Eu::Action::"open", resource == Acme::Eu::Service::"api");';
    const options = { action: 'open', resource: 'api', namespace: 'Acme::Eu', name: 'mine' };
    const ada = { groups: ['a'] };
    expect(over(policies, options).name).toBe('mine');
    expect(await decide(over(policies, options), ada)).toBe('authorized');
    for (const other of [{ action: 'close' }, { resource: 'x' }, { namespace: 'Acme' }]) {
      expect(await decide(over(policies, { ...options, ...other }), ada)).toBe('denied');
    }
  });

  test('the client’s address comes from the init', async () => {
    const policies = 'permit(principal, action, resource) when { context.ip.isInRange(ip("10.0.0.0/8")) };';
    expect(await authorizedInit(over(policies), { user: 'ada', ipAddress: '10.1.2.3' })).toMatchObject({
      reason: 'authorized',
      sessions: 1,
    });
    expect(await authorizedInit(over(policies), { user: 'ada', ipAddress: '192.0.2.1' })).toMatchObject(NOT_AUTHORIZED);
    expect(await authorizedInit(over(policies), { user: 'ada', ipAddress: '2001:DB8::1' })).toMatchObject(
      NOT_AUTHORIZED,
    );
  });

  test('claims of every kind that Cedar knows', async () => {
    const claims = {
      ...{ text: 'ü"\n', yes: true, count: -3, most: Number.MAX_SAFE_INTEGER, nothing: null, absent: undefined },
      ...{ list: ['a', 'b'], none: [], record: { inner: { deep: 1 }, gone: null }, 'https://x.example/y': 'z' },
    };
    const policies = `permit(principal, action, resource) when {
      context.claims.text == "ü\\"\\n" && context.claims.yes && context.claims.count == -3 &&
      context.claims.most == ${Number.MAX_SAFE_INTEGER} && !(context.claims has nothing) && !(context.claims has absent) &&
      context.claims.list.containsAll(["a", "b"]) && context.claims.none.isEmpty() &&
      context.claims.record.inner.deep == 1 && !(context.claims.record has gone) &&
      context.claims["https://x.example/y"] == "z"
    };`;
    expect(await decide(over(policies), { claims })).toBe('authorized');
  });

  test('only the claims that are named, and none by inheritance', async () => {
    const policies = 'permit(principal, action, resource) when { context.claims has a && !(context.claims has b) };';
    const claims = { a: 1, b: 2, c: 1.5 };
    expect(await decide(over(policies, { claims: ['a'] }), { claims })).toBe('authorized');
    expect(await decide(over(policies, { claims: ['a', 'b'] }), { claims })).toBe('denied');
    const inherited = 'permit(principal, action, resource) when { context.claims has constructor };';
    expect(await decide(over(inherited), { claims: {} })).toBe('denied');
    expect(await decide(over(inherited, { claims: ['constructor'] }), { claims: {} })).toBe('denied');
  });
});

describe('names that are meant to be something else', () => {
  const policies =
    'permit(principal == User::"root", action, resource); permit(principal in Group::"staff", action, resource);';

  test.each([
    'User::"root"',
    'root"',
    '"root"',
    'root\n',
    'root\0',
    '\\u{72}oot',
    'root", action, resource); permit(principal, action, resource); //',
    'Group::"staff"',
    'staff',
    '*',
    '__proto__',
    '__entity',
    '',
    '\uD800',
    'ro\u00f6t',
  ])('the user or group %j is nobody', async (name) => {
    expect(await decide(over(policies), { user: name })).toBe('denied');
    expect(await decide(over(policies), { user: 'eve', groups: name === 'staff' ? [] : [name, name] })).toBe('denied');
  });

  test('a user is no group of that name, and what is no Unicode is not what stands in its place', async () => {
    const strange =
      'permit(principal == User::"\\u{fffd}", action, resource); permit(principal in Group::"\\u{fffd}", action, resource);';
    expect(await decide(over(strange), { user: '\uFFFD' })).toBe('authorized');
    expect(await decide(over(strange), { user: '\uD800' })).toBe('denied');
    expect(await decide(over(strange), { user: 'eve', groups: ['\uD800'] })).toBe('denied');
    const everybody = over('permit(principal, action, resource);');
    expect(await authorizedInit(everybody, { user: '\uD800' })).toMatchObject({
      ...NOT_AUTHORIZED,
      cause: 'illFormedName',
    });
  });

  test('a like pattern is one of the policy alone', async () => {
    const like = over('permit(principal, action, resource) when { context.claims.mail like "*@example.org" };');
    expect(await decide(like, { claims: { mail: 'ada@example.org' } })).toBe('authorized');
    expect(await decide(like, { claims: { mail: '*' } })).toBe('denied');
  });
});

describe('ASVS 16.5.3: nothing fails open', () => {
  const admins = 'permit(principal, action, resource) when { context.claims has x };';

  test.each([
    [
      'a claim that says it is an entity',
      { x: { __entity: { type: 'Group', id: 'admins' } } },
      /claims\.x has a __entity/,
    ],
    [
      'a claim that says it is an address',
      { x: [{ __extn: { fn: 'ip', arg: '10.0.0.1' } }] },
      /claims\.x\[\] has a __extn/,
    ],
    ['a reserved claim', { __entity: 'x' }, /claims has a __entity/],
    ['a fraction', { x: { y: 1.5 } }, /claims\.x\.y is a number.*Name the claims that it gets/],
    ['an integer that is not exact', { x: 2 ** 60 }, /claims\.x is an integer beyond/],
    ['no number', { x: Number.NaN }, /claims\.x is a number/],
    ['a null within a list', { x: [null] }, /claims\.x\[\] is null/],
    ['a bigint', { x: 1n }, /claims\.x is a bigint/],
    ['a function', { x: () => true }, /claims\.x is a function/],
    ['a text that is no Unicode', { x: 'marked-\uD800' }, /claims\.x is a text that is no Unicode/],
    ['records without end', nested(100, (inner) => ({ x: inner })), /nested too deep/],
    ['records beyond any stack', nested(100_000, (inner) => ({ x: inner })), /nested too deep/],
    ['lists beyond any stack', { x: nested(100_000, (inner) => [inner]) }, /nested too deep/],
    ['a claim whose name is no Unicode', { '\uD800': 1 }, /could not evaluate its policies/],
  ])('%s', async (_, claims, message) => {
    const authorizer = over(admins);
    const init = await authorizedInit(authorizer, { user: 'ada', claims });
    expect(init).toMatchObject(AUTHORIZER_FAILED);
    expect(init.cause).toBeInstanceOf(BackendFaultError);
    expect((init.cause as Error).message).toMatch(message);
    expect((init.cause as Error).message).not.toContain('marked-');
    expect(await authorizedInit(authorizer, { user: 'ada', claims: { x: 1 } })).toMatchObject({ reason: 'authorized' });
  });

  test('keys of a prototype are claims like any other', async () => {
    const claims = JSON.parse('{"__proto__": {"x": true}, "constructor": {"prototype": {"x": true}}}');
    expect(await decide(over(admins), { claims })).toBe('denied');
    const named = 'permit(principal, action, resource) when { context.claims["__proto__"].x };';
    expect(await decide(over(named), { claims })).toBe('authorized');
    expect(await decide(over(named, { claims: ['__proto__'] }), { claims })).toBe('authorized');
  });

  test.each([
    ['a permit', 'permit(principal, action, resource) when { context.claims.x == 1 };'],
    [
      'a forbid, which Cedar would go on without',
      'permit(principal, action, resource); forbid(principal, action, resource) when { context.claims.x };',
    ],
    [
      'a permit beside one that holds',
      'permit(principal, action, resource); permit(principal, action, resource) when { context.claims.x };',
    ],
  ])('%s that cannot be evaluated', async (_, policies) => {
    const init = await authorizedInit(over(policies), { user: 'ada' });
    expect(init).toMatchObject(AUTHORIZER_FAILED);
    expect((init.cause as Error).message).toMatch(/^cedar: policy\d could not be evaluated\.$/);
    expect(String((init.cause as Error).cause)).toMatch(/does not have the attribute `x`/);
    expect(init.response).not.toContain('attribute');
  });

  test('a request that does not fit the schema', async () => {
    const authorizer = over(POLICIES, { schema: file(SCHEMA) });
    for (const claims of [{ email_verified: 'true' }, { other: 1 }]) {
      const init = await authorizedInit(authorizer, { user: 'ada', groups: ['staff'], claims });
      expect(init).toMatchObject(AUTHORIZER_FAILED);
    }
  });

  test('an address that is none', async () => {
    await expect(decide(over(), { user: 'root', ipAddress: 'nowhere' })).rejects.toThrow(BackendFaultError);
  });

  test('a no is a no, and says which of two', async () => {
    const expected = [
      [{ user: 'eve' }, 'notPermittedByPolicy'],
      [{ user: 'root', groups: ['suspended'] }, 'forbiddenByPolicy'],
    ] as const;
    for (const [identity, cause] of expected) {
      expect(await authorizedInit(over(), identity)).toMatchObject({ ...NOT_AUTHORIZED, cause });
    }
  });
});

describe('files that cannot be used are told when they are opened', () => {
  const optional =
    'permit(principal, action == Action::"createSession", resource) when { context.claims.department == "x" };';
  test.each<[string, string | Uint8Array, string | undefined, RegExp[]]>([
    ['half a policy', 'permit(principal', undefined, [/the policies .*, line 1: .*unexpected end of input/]],
    ['the line of a mistake', '// ä\n\npermit(principal, action, resource) wen { true };', undefined, [/, line 3: /]],
    ['no policy', '', undefined, [/are none, so that nobody may have a session/]],
    ['comments alone', '// permit(principal, action, resource);\n', undefined, [/are none/]],
    ['a template', 'permit(principal == ?principal, action, resource);', undefined, [/template/]],
    [
      'no UTF-8',
      Buffer.from('forbid(principal == User::"\xff", action, resource);', 'latin1'),
      undefined,
      [/not UTF-8/],
    ],
    ['half a schema', POLICIES, 'entity User in [Grou', [/the schema .*, line 1: /]],
    [
      'a claim that may be missing',
      optional,
      SCHEMA,
      [/line 1: .*optional attribute.* testing for the attribute's presence/],
    ],
    [
      'types that there are not, all of them',
      'permit(principal == Usr::"x", action, resource);\nforbid(principal in Grop::"y", action, resource);',
      SCHEMA,
      [/line 1: .*unrecognized entity type `Usr`.*did you mean `User`/, /line 2: .*`Grop`/],
    ],
  ])('%s', async (_, policies, schema, expected) => {
    const options = { ...(schema !== undefined && { schema: file(schema) }), name: 'corp' };
    const authorizer = cedarAuthorizer({ policies: file(policies), ...options });
    const problems = await problemsOf(() => authorizer.open());
    expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    expect(problems.every((problem) => problem.startsWith('corp: the '))).toBe(true);
    expect(await authorizedInit(authorizer, { user: 'root' })).toMatchObject(AUTHORIZER_FAILED);
  });

  test('no file, a folder; and one that is mended is taken without a new start', async () => {
    expect(await problemsOf(() => cedarAuthorizer({ policies: folder }).open())).toEqual([
      expect.stringMatching(/no regular file/),
    ]);
    const policies = join(folder, 'later');
    const authorizer = cedarAuthorizer({ policies });
    expect(await problemsOf(() => authorizer.open())).toEqual([expect.stringMatching(/cannot be read \(ENOENT\)/)]);
    expect(await authorizedInit(authorizer, { user: 'root' })).toMatchObject(AUTHORIZER_FAILED);
    writeFileSync(policies, POLICIES);
    expect(await authorizedInit(authorizer, { user: 'root' })).toMatchObject({ reason: 'authorized' });
    await authorizer.open();
  });
});

describe('options', () => {
  test.each([
    [{}, [/policies must be a text/]],
    [{ policies: 'a', Schema: 'b', action: '' }, [/no option Schema\. Is schema meant/, /action must be/]],
    [{ policies: 'a', namespace: 'A"::B' }, [/namespace must be a name such as Acme/]],
    [{ policies: 'a', namespace: 'A::' }, [/namespace must be/]],
    [{ policies: 7, claims: 'x' }, [/policies must be/, /claims must be a list/]],
    [{ policies: 'a', claims: [1] }, [/claims must be a list/]],
  ])('%j', async (options, expected) => {
    const problems = await problemsOf(() => cedarAuthorizer(options as unknown as CedarAuthorizerOptions));
    expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  test('after close nothing is asked, also if it is closed while it opens; others go on', async () => {
    const [opening, other] = [over(), over()];
    const late = opening.open();
    const asked = decide(opening, { user: 'root' });
    const outcome = expect(asked).rejects.toThrow(ClosedError);
    await opening.close?.();
    await late;
    await outcome;
    await expect(opening.open()).rejects.toThrow(ClosedError);
    expect(await authorizedInit(opening, { user: 'root' })).toMatchObject(AUTHORIZER_FAILED);
    expect(await decide(other, { user: 'root' })).toBe('authorized');
  });
});

test('what Cedar itself takes for its own is the reason why claims are looked at', () => {
  const call = (claims: object) =>
    cedar.isAuthorized({
      principal: { type: 'User', id: 'ada' },
      action: { type: 'Action', id: 'a' },
      resource: { type: 'Service', id: 's' },
      context: { claims: claims as never },
      policies: { staticPolicies: 'permit(principal, action, resource) when { context.claims.x == Group::"admins" };' },
      entities: [],
    });
  expect(call({ x: { __entity: { type: 'Group', id: 'admins' } } })).toMatchObject({ response: { decision: 'allow' } });
});

function nested(depth: number, around: (inner: unknown) => unknown): never {
  let value: unknown = {};
  for (let level = 0; level < depth; level += 1) value = around(value);
  return value as never;
}
