import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newEnforcer } from 'casbin';
import { casbinAuthorizer } from '../../dist/adapters/authorizers/casbin.js';
import { askAuthorizer, authorizations } from '../support/authorizations.mjs';

export const variants = ['casbin', 'adapter'];
export const unit = 'us';
export const scaling = { '1,000 rules': '10 rules' };

const MODEL = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
`;

/**
 * The decision of a policy, one rule of which is on sessions: by `enforceSync` of an enforcer that has the groups of all
 * users in its policy, and by the authorizer, which learns them with each request.
 */
export async function createVariant(variant, { milliseconds }) {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const model = join(folder, 'model.conf');
  writeFileSync(model, MODEL);
  const workloads = {};
  for (const rules of [10, 1000]) {
    const policy = join(folder, `${rules}.csv`);
    writeFileSync(policy, policyOf(rules, variant === 'casbin'));
    const ask =
      variant === 'casbin' ? await askCasbin(model, policy) : askAuthorizer(casbinAuthorizer({ model, policy }));
    workloads[`${rules.toLocaleString('en')} rules`] = await authorizations(milliseconds, ask);
  }
  return { workloads };
}

async function askCasbin(model, policy) {
  const enforcer = await newEnforcer(model, policy);
  return async ({ user }) => enforcer.enforceSync(`user:${user}`, 'session', 'create');
}

function policyOf(rules, withMembers) {
  const others = Array.from({ length: rules - 1 }, (_, index) => `p, group:team-${index}, document-${index}, read`);
  const members = Array.from({ length: 64 }, (_, index) =>
    ['guests', index % 2 === 0 ? 'staff' : 'visitors', 'people'].map(
      (group) => `g, user:user-${index}, group:${group}`,
    ),
  );
  return [...others, 'p, group:staff, session, create', ...(withMembers ? members.flat() : [])].join('\n');
}
