import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { EnforceContext, type Enforcer, newEnforcer, newModelFromString, StringAdapter } from 'casbin';
import {
  type CasbinAuthorizer,
  type CasbinAuthorizerOptions,
  casbinAuthorizer,
} from '../../../src/adapters/authorizers/casbin.js';
import type { AuthorizationRequest } from '../../../src/index.js';
import { BackendFaultError, ClosedError, ConfigurationError } from '../../../src/model/errors.js';
import { authorizerContract } from '../../../src/testing/index.js';
import { AUTHORIZER_FAILED, authorizedInit, NOT_AUTHORIZED } from '../../support/authorized-init.js';
import { tempFolder } from '../../support/temp-folder.js';

const signal = new AbortController().signal;
const folder = tempFolder();

const RBAC = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
`;
const POLICY = `
# who may have a session
p, group:staff, session, create, allow
p, user:root, session, create, allow
p, role:operator, session, create, allow
p, group:suspended, session, create, deny
p, user:mallory, session, create, deny
g, group:ops, role:operator
g, user:cy, group:ops
`;

let last = 0;
function file(text: string | Uint8Array): string {
  last += 1;
  const path = join(folder, `file-${last}`);
  writeFileSync(path, text);
  return path;
}

/** An authorizer over these texts. */
function over(model = RBAC, policy = POLICY, options: CasbinAuthorizerOptions = {}): CasbinAuthorizer {
  return casbinAuthorizer({ model: file(model), policy: file(policy), ...options });
}

/** A model with another matcher. */
const matching = (matcher: string) => RBAC.replace(/m = .*/, `m = ${matcher}`);

async function decide(authorizer: CasbinAuthorizer, request: AuthorizationRequest) {
  return (await authorizer.authorize(request, { signal })).outcome;
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

afterEach(() => {
  jest.restoreAllMocks();
});

const allowed = [
  { user: 'ada', groups: ['staff'] },
  { user: 'root' },
  { user: 'bob', groups: ['nothing', 'ops'] },
  { user: 'cy' },
];
const denied = [
  { user: 'eve', groups: ['guests'] },
  { user: 'dan' },
  { user: 'ada', groups: ['staff', 'suspended'] },
  { user: 'root', groups: ['suspended'] },
  { user: 'mallory', groups: ['staff'] },
];

describe('files keep the contract', () => {
  const createBroken = () => casbinAuthorizer({ model: join(folder, 'absent'), policy: join(folder, 'absent') });
  for (const { name, run } of authorizerContract({ create: () => over(), createBroken, allowed, denied }))
    test(name, run);
});

describe('an enforcer of one’s own keeps the contract', () => {
  const create = async () =>
    casbinAuthorizer({ enforcer: await newEnforcer(newModelFromString(RBAC), new StringAdapter(POLICY)) });
  for (const { name, run } of authorizerContract({ create, allowed, denied })) test(name, run);
});

describe('what is asked', () => {
  test('the words of the policy are options', async () => {
    const policy = 'p, staff, /api, open, allow\np, ada, /api, open, allow\n';
    const options = { object: '/api', action: 'open', userPrefix: '', groupPrefix: '', name: 'mine' };
    const authorizer = over(RBAC, policy, options);
    expect(authorizer.name).toBe('mine');
    expect(await decide(authorizer, { user: 'ada' })).toBe('authorized');
    expect(await decide(authorizer, { user: 'bob', groups: ['staff'] })).toBe('authorized');
    expect(await decide(authorizer, { user: 'bob', groups: ['guests'] })).toBe('denied');
    expect(await decide(over(RBAC, policy, { ...options, action: 'close' }), { user: 'ada' })).toBe('denied');
  });

  test('another request, for a model that has one', async () => {
    const model = RBAC.replace('r = sub, obj, act', 'r = sub, dom, ip')
      .replace('p = sub, obj, act, eft', 'p = sub, dom, net, eft')
      .replace('g = _, _', 'g = _, _, _')
      .replace(/m = .*/, 'm = g(r.sub, p.sub, r.dom) && r.dom == p.dom && ipMatch(r.ip, p.net)');
    const authorizer = over(model, 'p, group:staff, acme, 10.0.0.0/8, allow', {
      request: ({ claims, ipAddress }, subject) => [subject, claims?.['tenant'], ipAddress],
    });
    const ada = { user: 'ada', groups: ['staff'], claims: { tenant: 'acme' }, ipAddress: '10.1.2.3' };
    expect(await decide(authorizer, ada)).toBe('authorized');
    expect(await decide(authorizer, { ...ada, ipAddress: '192.0.2.1' })).toBe('denied');
    expect(await decide(authorizer, { ...ada, claims: { tenant: 'other' } })).toBe('denied');
    expect(await authorizedInit(authorizer, { ...ada, ipAddress: '10.9.9.9' })).toMatchObject({ reason: 'authorized' });
    // Without a tenant the model cannot be evaluated.
    expect(await authorizedInit(authorizer, { user: 'ada', groups: ['staff'] })).toMatchObject(AUTHORIZER_FAILED);
  });

  test('a model without roles goes by the user alone', async () => {
    const model = matching('r.sub == p.sub').replace('[role_definition]\ng = _, _\n', '');
    const authorizer = over(model, 'p, user:ada, session, create, allow\np, group:staff, session, create, allow');
    expect(await decide(authorizer, { user: 'ada', groups: ['staff'] })).toBe('authorized');
    expect(await decide(authorizer, { user: 'bob', groups: ['staff'] })).toBe('denied');
  });
});

test('an enforcer of one’s own may have several policies, of which the request chooses one', async () => {
  const model = RBAC.replace('r = sub', 'r2 = sub, act\nr = sub')
    .replace('p = sub', 'p2 = sub, act\np = sub')
    .replace('e = some', 'e2 = some(where (p.eft == allow))\ne = some')
    .replace('m = g', 'm2 = g(r2.sub, p2.sub) && r2.act == p2.act\nm = g');
  const enforcer = await newEnforcer(newModelFromString(model), new StringAdapter('p2, group:staff, create'));
  const context = new EnforceContext('r2', 'p2', 'e2', 'm2');
  const authorizer = casbinAuthorizer({ enforcer, request: (_, subject) => [context, subject, 'create'] });
  expect(await decide(authorizer, { user: 'ada', groups: ['staff'] })).toBe('authorized');
  expect(await decide(authorizer, { user: 'ada' })).toBe('denied');
});

describe('the groups of one user', () => {
  test('are not those of the next, nor of others that are asked for at once', async () => {
    const authorizer = over();
    expect(await decide(authorizer, { user: 'eve', groups: ['staff'] })).toBe('authorized');
    expect(await decide(authorizer, { user: 'eve' })).toBe('denied');
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, call) => decide(authorizer, { user: 'eve', groups: call % 2 ? ['staff'] : [] })),
    );
    expect(outcomes.every((outcome, call) => outcome === (call % 2 ? 'authorized' : 'denied'))).toBe(true);
  });

  test('are not those of what the user asks for', async () => {
    const model = matching('g(r.sub, p.sub) && g(r.obj, p.obj) && r.act == p.act');
    const policy = 'p, group:staff, group:things, create, allow\np, group:staff, place, create, allow\ng, hall, place';
    const ada = { user: 'ada', groups: ['staff', 'things'] };
    expect(await decide(over(model, policy), ada)).toBe('denied');
    expect(await decide(over(model, policy, { object: 'hall' }), ada)).toBe('authorized');
  });

  test('are forgotten if the evaluation fails', async () => {
    const enforcer = await newEnforcer(newModelFromString(RBAC), new StringAdapter(POLICY));
    const authorizer = casbinAuthorizer({ enforcer });
    const enforceSync = jest.spyOn(enforcer, 'enforceSync').mockImplementationOnce(() => {
      throw new Error('planted');
    });
    await expect(decide(authorizer, { user: 'eve', groups: ['staff'] })).rejects.toThrow(BackendFaultError);
    expect(enforceSync).toHaveBeenCalledTimes(1);
    expect(enforcer.enforceSync('user:eve', 'session', 'create')).toBe(false);
    expect(await decide(authorizer, { user: 'eve', groups: ['staff'] })).toBe('authorized');
  });

  test('leave an enforcer that others use, too, as it was for them', async () => {
    const enforcer = await newEnforcer(newModelFromString(RBAC), new StringAdapter(POLICY));
    const [one, other] = [casbinAuthorizer({ enforcer }), casbinAuthorizer({ enforcer, action: 'remove' })];
    for (let round = 0; round < 3; round += 1) {
      expect(await decide(one, { user: 'eve', groups: ['staff'] })).toBe('authorized');
      expect(await decide(other, { user: 'eve', groups: ['staff'] })).toBe('denied');
      expect(await enforcer.enforce('user:eve', 'session', 'create')).toBe(false);
      expect(await enforcer.enforce('user:cy', 'session', 'create')).toBe(true);
    }
    await one.close?.();
    await enforcer.addGroupingPolicy('group:guests', 'group:staff');
    await enforcer.addPolicy('group:staff', 'session', 'remove', 'allow');
    expect(await decide(other, { user: 'eve', groups: ['guests'] })).toBe('authorized');
    await enforcer.loadPolicy();
    expect(await decide(other, { user: 'eve', groups: ['guests'] })).toBe('denied');
  });
});

describe('names that are meant to be something else', () => {
  test.each([
    'group:staff',
    ':group:staff',
    'root',
    'root\n',
    'root"',
    '"root"',
    'root, session, create, allow',
    '*',
    '.*',
    'x\np, user:x, session, create, allow',
    '" || true || "',
    'root::x',
    '__proto__',
    'toString',
    '',
  ])('the user %j is nobody', async (user) => {
    const isRoot = user === 'root';
    expect(await decide(over(), { user })).toBe(isRoot ? 'authorized' : 'denied');
    expect(await decide(over(), { user: 'eve', groups: [user, `user:${user}`, `role:operator`] })).toBe('denied');
  });

  test.each(['keyMatch', 'keyMatch2', 'keyMatch3', 'keyMatch4', 'regexMatch', 'globMatch'])(
    'the patterns of %s are those of the policy alone',
    async (match) => {
      const everybody = match === 'regexMatch' ? '^user:a.*$' : 'user:a*';
      const pattern = match === 'keyMatch2' || match === 'keyMatch3' || match === 'keyMatch4' ? 'user:/*' : everybody;
      const model = matching(`${match}(r.sub, p.sub) && r.obj == p.obj && r.act == p.act`);
      const authorizer = over(model, `p, ${pattern}, session, create, allow`);
      const [in1, out] = pattern === 'user:/*' ? ['/ada', 'ada'] : ['ada', 'bob'];
      expect(await decide(authorizer, { user: in1 })).toBe('authorized');
      for (const user of [out, '*', '.*', '', '[^/]+', '{a,b}']) {
        expect(await decide(authorizer, { user })).toBe('denied');
      }
    },
  );

  test('claims and names are values to a rule that is evaluated, never code', async () => {
    const model = matching('eval(p.sub) && r.obj == p.obj && r.act == p.act');
    const authorizer = over(model, `p, "r.sub.age > 18", session, create, allow`, {
      request: ({ user, claims }) => [{ user, age: claims?.['age'] }, 'session', 'create'],
    });
    expect(await decide(authorizer, { user: 'ada', claims: { age: 36 } })).toBe('authorized');
    expect(await decide(authorizer, { user: 'ada', claims: { age: '0 || true' } })).toBe('denied');
    expect(await decide(authorizer, { user: '1 == 1', claims: { age: 7 } })).toBe('denied');
  });
});

describe('files that cannot be used are told when they are opened', () => {
  test.each<[string, string | Uint8Array, string | Uint8Array, RegExp[]]>([
    ['no section', 'nothing', POLICY, [/the model .* is not valid: /]],
    ['no matcher', RBAC.replace(/\[matchers\].*/s, ''), POLICY, [/missing required sections: matchers/]],
    ['an unknown function', matching('nobody(r.sub, p.sub)'), POLICY, [/cannot be evaluated: matcher result/]],
    ['half a matcher', matching('r.sub == p.sub &&'), POLICY, [/cannot be evaluated/]],
    ['a request of another size', RBAC.replace('r = sub, obj, act', 'r = sub, act'), POLICY, [/expected 2, got 3\./]],
    ['an empty policy', RBAC, '', [/has no rule/]],
    ['comments alone', RBAC, '# p, user:root, session, create, allow\n\n', [/has no rule/]],
    ['roles alone', RBAC, 'g, user:a, group:b', [/has no rule/]],
    [
      'lines that casbin would drop without a word',
      RBAC,
      'p, user:a, session, create, allow\nP, group:x, session, create, deny\np2, y, session, create, deny\nq, z\n',
      [/line 2: a line begins with a type that the model defines: p, g\./, /line 3/, /line 4/],
    ],
    [
      'lines that casbin would never match',
      RBAC,
      'p, a, session, create, allow\np, group:x, session, deny\np, x, session, create, denied\ng, a\ng, a, b, c',
      [/line 2: .* p with 4 fields, and there are 3/, /line 3: its effect/, /line 4: .* g with 2/, /line 5/],
    ],
    ['an open bracket', RBAC, 'p, (a, session, create, allow', [/line 1: Unmatched brackets/]],
    ['bytes that are no UTF-8', RBAC, Buffer.from('p, user:\xff, session, create, deny', 'latin1'), [/is not UTF-8/]],
    ['a model of other bytes', Buffer.from('\xff\xfe', 'latin1'), POLICY, [/the model .* is not UTF-8/]],
  ])('%s', async (_, model, policy, expected) => {
    const authorizer = casbinAuthorizer({ model: file(model), policy: file(policy), name: 'corp' });
    const problems = await problemsOf(() => authorizer.open());
    expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    expect(problems.every((problem) => problem.startsWith('corp: the '))).toBe(true);
    expect(await authorizedInit(authorizer, { user: 'root' })).toMatchObject(AUTHORIZER_FAILED);
  });

  test('no file, a folder, a file without an end', async () => {
    for (const [path, problem] of [
      [join(folder, 'absent'), /the policy .*absent cannot be read \(ENOENT\)\. Create it, or name another\./],
      [folder, /is no regular file/],
      ['/dev/zero', /is no regular file/],
    ] as const) {
      const authorizer = casbinAuthorizer({ model: file(RBAC), policy: path });
      expect(await problemsOf(() => authorizer.open())).toEqual([expect.stringMatching(problem)]);
    }
  });

  test('a file that is mended is taken without a new start', async () => {
    const policy = file('p, broken');
    const authorizer = casbinAuthorizer({ model: file(RBAC), policy });
    expect(await authorizedInit(authorizer, { user: 'root' })).toMatchObject(AUTHORIZER_FAILED);
    writeFileSync(policy, POLICY);
    expect(await authorizedInit(authorizer, { user: 'root' })).toMatchObject({ reason: 'authorized' });
    await authorizer.open();
  });
});

describe('ASVS 16.5.3: nothing fails open', () => {
  async function enforcer(): Promise<Enforcer> {
    return newEnforcer(newModelFromString(RBAC), new StringAdapter(POLICY));
  }

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('marked-backend-text');
      },
    ],
    [
      'throws nothing',
      () => {
        throw undefined;
      },
    ],
    ['answers a promise of yes', () => Promise.resolve(true)],
    ['answers a text', () => 'true'],
    ['answers a number', () => 1],
    ['answers nothing', () => undefined],
    ['answers an object', () => ({ outcome: 'authorized' })],
  ])('an enforcer that %s', async (_, behaviour) => {
    const own = await enforcer();
    jest.spyOn(own, 'enforceSync').mockImplementation(behaviour as () => boolean);
    const authorizer = casbinAuthorizer({ enforcer: own });
    const init = await authorizedInit(authorizer, { user: 'root' });
    expect(init).toMatchObject(AUTHORIZER_FAILED);
    expect(init.cause).toBeInstanceOf(BackendFaultError);
    expect(init.response).not.toContain('marked-');
    jest.restoreAllMocks();
    expect(await authorizedInit(authorizer, { user: 'root' })).toMatchObject({ reason: 'authorized' });
  });

  test('an enforcer whose policy is being loaded, over which a pattern would match everybody', async () => {
    const own = await newEnforcer(
      newModelFromString(matching('regexMatch(r.sub, p.sub)')),
      new StringAdapter('p, ^user:root$, session, create, allow'),
    );
    const authorizer = casbinAuthorizer({ enforcer: own });
    own.getModel().clearPolicy();
    expect(own.enforceSync('user:eve', 'session', 'create')).toBe(true);
    expect(await authorizedInit(authorizer, { user: 'eve' })).toMatchObject(AUTHORIZER_FAILED);
    await own.loadPolicy();
    expect(await authorizedInit(authorizer, { user: 'eve' })).toMatchObject(NOT_AUTHORIZED);
    expect(await authorizedInit(authorizer, { user: 'root' })).toMatchObject({ reason: 'authorized' });
  });

  test('a no is a no', async () => {
    expect(await authorizedInit(over(), { user: 'eve', groups: ['guests'] })).toMatchObject({
      ...NOT_AUTHORIZED,
      cause: 'deniedByPolicy',
    });
  });

  test('a function of the service that throws, or makes no request', async () => {
    for (const request of [
      () => {
        throw new Error('planted');
      },
      () => undefined as never,
      () => [],
    ]) {
      expect(await authorizedInit(over(RBAC, POLICY, { request }), { user: 'root' })).toMatchObject(AUTHORIZER_FAILED);
    }
  });
});

describe('options', () => {
  test.each([
    [{}, [/needs model and policy, or else an enforcer/]],
    [{ model: 'a' }, [/needs model and policy/]],
    [{ model: 'a', policy: 'b', enforcer: { enforceSync() {} } }, [/or else an enforcer/]],
    [{ enforcer: {} }, [/must be an enforcer of casbin/]],
    [{ enforcer: null }, [/must be an enforcer of casbin/]],
    [{ model: 'a', policy: 'b', userPrefix: '' }, [/must not begin with each other/]],
    [{ model: 'a', policy: 'b', groupPrefix: '' }, [/must not begin with each other/]],
    [{ model: 'a', policy: 'b', userPrefix: 'g', groupPrefix: 'group:' }, [/must not begin with each other/]],
    [{ model: 'a', policy: 'b', userPrefix: 1 }, [/must be texts/]],
    [{ model: 'a', policy: 'b', request: 'x' }, [/request must be a function/]],
    [
      { model: '', policy: 'b', Object: 'x', action: 7 },
      [/no option Object\. Is object meant/, /model must/, /action must/],
    ],
  ])('%j', async (options, expected) => {
    const problems = await problemsOf(() => casbinAuthorizer(options as CasbinAuthorizerOptions));
    expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  test('after close nothing is asked, and close does not open', async () => {
    const authorizer = over();
    await authorizer.close?.();
    await expect(authorizer.open()).rejects.toThrow(ClosedError);
    await expect(decide(authorizer, { user: 'root' })).rejects.toThrow(ClosedError);
    expect(await authorizedInit(authorizer, { user: 'root' })).toMatchObject(AUTHORIZER_FAILED);
  });
});
