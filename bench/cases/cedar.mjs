import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { cedarAuthorizer } from '../../dist/adapters/authorizers/cedar.js';
import { askAuthorizer, authorizations } from '../support/authorizations.mjs';

export const variants = ['cedar', 'adapter'];
export const unit = 'us';

const POLICIES = `
permit(principal in Group::"staff", action == Action::"createSession", resource == Service::"session-init")
when { context.claims has email_verified && context.claims.email_verified && context.ip.isInRange(ip("10.0.0.0/8")) };
forbid(principal in Group::"suspended", action, resource);
`;

/** The decision of two policies that were parsed ahead: by `statefulIsAuthorized`, and by the authorizer. */
export async function createVariant(variant, { milliseconds }) {
  const ask = variant === 'cedar' ? askCedar() : askAuthorizer(cedarAuthorizer({ policies: policiesFile() }));
  return { workloads: { '64 concurrent': await authorizations(milliseconds, ask) } };
}

function askCedar() {
  cedar.preparsePolicySet('bench', { staticPolicies: POLICIES });
  return async ({ user, groups, claims, ipAddress }) => {
    const principal = { type: 'User', id: user };
    const answer = cedar.statefulIsAuthorized({
      principal,
      action: { type: 'Action', id: 'createSession' },
      resource: { type: 'Service', id: 'session-init' },
      context: { claims, ip: { __extn: { fn: 'ip', arg: ipAddress } } },
      entities: [{ uid: principal, attrs: {}, parents: groups.map((id) => ({ type: 'Group', id })) }],
      preparsedPolicySetId: 'bench',
    });
    return answer.type === 'success' && answer.response.decision === 'allow';
  };
}

function policiesFile() {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'session.cedar');
  writeFileSync(path, POLICIES);
  return path;
}
