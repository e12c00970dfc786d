import { ConfigurationError } from '../../model/errors.js';
import { isJsonObject, own } from '../../model/json.js';
import { unknownOptions } from '../../model/known-options.js';
import type { Authorizer, Identity } from '../ports.js';
import { claimsProblems, type ExpectedClaims, hasClaims } from './rules/expected-claims.js';

export type { ClaimValue, ExpectedClaims } from './rules/expected-claims.js';

/** One way to be let in. Every part that is given must hold; a list holds by any of its items. */
export interface AccessRule {
  /** The user is one of these. */
  users?: readonly string[];
  /** The user is in one of these groups. */
  groups?: readonly string[];
  /**
   * What the claims of the user say. A claim that is missing, or of another type, is not what was expected.
   *
   * @example
   * ```json
   * { "email_verified": true, "department": ["research", "sales"], "realm_access": { "roles": "session-user" } }
   * ```
   */
  claims?: ExpectedClaims;
}

/** Options of {@link rulesAuthorizer}. */
export interface RulesAuthorizerOptions {
  /** A user may have a session if one of these holds, at least. */
  rules: readonly AccessRule[];
  /** The user must be in none of these groups; it goes before the rules. @defaultValue none */
  noneOf?: readonly string[];
  /** How the log calls it. @defaultValue `'rules'` */
  name?: string;
}

/**
 * Lets a user have a session by rules over names, groups and claims. No rule can say who is *not* to be let in by a
 * claim, since a claim that is missing would then let somebody in.
 *
 * @throws ConfigurationError with every problem: no rule, a rule without a part, an empty list, a value of another kind
 *
 * @example
 * ```ts
 * import { rulesAuthorizer } from 'session-init/adapters/rules';
 *
 * const authorizer = rulesAuthorizer({
 *   rules: [{ groups: ['staff'], claims: { email_verified: true } }, { groups: ['operators'] }],
 *   noneOf: ['suspended'],
 * });
 * ```
 */
export function rulesAuthorizer(options: RulesAuthorizerOptions): Authorizer {
  checkOptions(options);
  const { rules, noneOf = [], name = 'rules' } = structuredClone(options);
  return {
    name,
    async authorize(identity) {
      const groups = new Set(identity.groups);
      if (noneOf.some((group) => groups.has(group))) return { outcome: 'denied', cause: 'excludedGroup' };
      if (rules.some((rule) => holds(rule, identity, groups))) return { outcome: 'authorized' };
      return { outcome: 'denied', cause: 'noRuleHolds' };
    },
  };
}

function holds(rule: AccessRule, { user, claims }: Identity, groups: ReadonlySet<string>): boolean {
  return (
    (rule.users === undefined || rule.users.includes(user)) &&
    (rule.groups === undefined || rule.groups.some((group) => groups.has(group))) &&
    (rule.claims === undefined || hasClaims(claims, rule.claims))
  );
}

function checkOptions(options: RulesAuthorizerOptions): void {
  const { rules, noneOf, name = 'rules' }: { readonly [Option in keyof RulesAuthorizerOptions]?: unknown } = options;
  const problems = unknownOptions('rulesAuthorizer', options, ['rules', 'noneOf', 'name']);
  if (typeof name !== 'string' || name === '') problems.push('name must be a text that is not empty.');
  if (!Array.isArray(rules) || rules.length === 0) {
    problems.push('rules must be a list with one rule at least. To let everybody in, use allowAllAuthorizer.');
  } else {
    problems.push(...rules.flatMap((rule: unknown, index) => ruleProblems(rule, `rules[${index}]`)));
  }
  if (noneOf !== undefined && !isNameList(noneOf)) problems.push(`noneOf must be ${NAME_LIST}.`);
  if (problems.length > 0) throw new ConfigurationError(`${name} cannot work: ${problems.join(' ')}`, { problems });
}

function ruleProblems(rule: unknown, place: string): string[] {
  if (!isJsonObject(rule)) return [`${place} must be an object.`];
  const problems = unknownOptions(place, rule, ['users', 'groups', 'claims']);
  const [users, groups, claims] = [own(rule, 'users'), own(rule, 'groups'), own(rule, 'claims')];
  if (users === undefined && groups === undefined && claims === undefined) {
    problems.push(`${place} has no part, which would let everybody in. Name users, groups or claims.`);
  }
  if (users !== undefined && !isNameList(users)) problems.push(`${place}.users must be ${NAME_LIST}.`);
  if (groups !== undefined && !isNameList(groups)) problems.push(`${place}.groups must be ${NAME_LIST}.`);
  if (claims !== undefined) problems.push(...claimsProblems(claims, `${place}.claims`));
  return problems;
}

const NAME_LIST = 'a list of one name at least, each a text that is not empty';

function isNameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string' && item !== '');
}
