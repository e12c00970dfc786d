import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/index.js';
import { openBackends } from '../../../src/server/backends/open-backends.js';
import { loadServerConfig } from '../../../src/server/load-config.js';
import { createLogger } from '../../../src/server/logging/logger.js';
import { authorizedInit } from '../../support/authorized-init.js';
import { tempFolder } from '../../support/temp-folder.js';

const folder = tempFolder();
const logger = await createLogger({ level: 'silent' });

const FILES = {
  'model.conf': `[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act`,
  'policy.csv': 'p, group:staff, session, create',
  'bare.csv': 'p, staff, api, open',
  'session.cedar': 'permit(principal in Group::"staff", action == Action::"createSession", resource);',
  'acme.cedar':
    'permit(principal in Acme::Group::"staff", action == Acme::Action::"open", resource == Acme::Service::"api") when { !(context.claims has score) };',
  'session.cedarschema': `entity User in [Group]; entity Group; entity Service;
    action createSession appliesTo { principal: User, resource: Service, context: { ip?: ipaddr, claims: {} } };`,
  'half.cedar': 'permit(principal',
};
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);

async function load(authorizer: object) {
  const authenticator = { type: 'static', users: {}, allowInsecureStaticUsers: true };
  writeFileSync(join(folder, 'session-init.json'), JSON.stringify({ authenticator, authorizer }));
  return (await loadServerConfig({ environment: {}, folder })).config;
}

async function problemsOf(work: Promise<unknown>): Promise<readonly string[]> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as ConfigurationError).problems;
}

const staff = { user: 'ada', groups: ['staff'], claims: {} };

test.each<[string, object, object]>([
  ['rules', { rules: [{ groups: ['staff'] }] }, staff],
  [
    'rules',
    { rules: [{ users: ['root'] }, { claims: { ok: true, at: { office: ['a', 'b'] } } }], noneOf: ['suspended'] },
    { user: 'ada', claims: { ok: true, at: { office: 'b' } } },
  ],
  ['casbin', { model: 'model.conf', policy: 'policy.csv' }, staff],
  [
    'casbin',
    { model: 'model.conf', policy: 'bare.csv', object: 'api', action: 'open', userPrefix: '', groupPrefix: '' },
    staff,
  ],
  ['cedar', { policies: 'session.cedar' }, staff],
  ['cedar', { policies: 'session.cedar', schema: 'session.cedarschema', claims: [] }, { ...staff, claims: { x: 1.5 } }],
  ['cedar', { policies: 'acme.cedar', namespace: 'Acme', action: 'open', resource: 'api' }, staff],
])('%s is opened as it is configured: %j', async (type, settings, identity) => {
  const backends = await openBackends(await load({ type, ...settings }), { logger });
  expect(backends.authorizer.name).toBe(type);
  expect(await authorizedInit(backends.authorizer, identity as typeof staff)).toMatchObject({ reason: 'authorized' });
  expect(await authorizedInit(backends.authorizer, { user: 'eve', groups: ['guests'] })).toMatchObject({
    reason: 'USER_NOT_AUTHORIZED',
  });
  await backends.close();
});

test.each([
  [{ type: 'rules' }, [/^authorizer\.rules: it is missing/]],
  [{ type: 'rules', rules: [] }, [/^authorizer\.rules: /]],
  [{ type: 'rules', rules: [{}] }, [/^authorizer\.rules\.0: it has no part, which would let everybody in/]],
  [{ type: 'rules', rules: [{ groups: [] }] }, [/^authorizer\.rules\.0\.groups: /]],
  [{ type: 'rules', rules: [{ group: ['a'], users: ['a'] }] }, [/group: there is no such setting/]],
  [
    { type: 'rules', rules: [{ claims: { a: null, b: { c: [] } } }, { claims: {} }] },
    [
      /^authorizer\.rules\.0\.claims: claims\.a must be .* is null/,
      /claims\.b\.c must list/,
      /rules\.1\.claims: .* one claim/,
    ],
  ],
  [{ type: 'casbin', model: 'model.conf' }, [/^authorizer\.policy: it is missing/]],
  [
    { type: 'casbin', model: 'absent.conf', policy: 'policy.csv' },
    [/^authorizer\.model: there is no file that can be read at .*absent\.conf/],
  ],
  [{ type: 'cedar', policies: 'session.cedar', Schema: 'x' }, [/^authorizer\.Schema: .*Is schema meant/]],
])('what is wrong is told with its setting: %j', async (authorizer, expected) => {
  const problems = await problemsOf(load(authorizer));
  expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});

test.each([
  [
    { type: 'casbin', model: 'policy.csv', policy: 'policy.csv' },
    /^authorizer: casbin: the model .*policy\.csv is not valid/,
  ],
  [{ type: 'casbin', model: 'model.conf', policy: 'policy.csv', userPrefix: '' }, /must not begin with each other/],
  [{ type: 'cedar', policies: 'half.cedar' }, /^authorizer: cedar: the policies .*half\.cedar, line 1: /],
])('a server does not start with %j', async (authorizer, expected) => {
  const config = await load(authorizer);
  const problems = await problemsOf(openBackends(config, { logger }));
  expect(problems).toEqual([expect.stringMatching(expected)]);
});
