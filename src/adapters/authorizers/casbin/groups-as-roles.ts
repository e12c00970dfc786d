import type { Enforcer, RoleManager } from 'casbin';

/** Who is asked for, in the words of the policy. */
export interface Subject {
  readonly name: string;
  /** The groups that the authenticator found. */
  readonly groups: readonly string[];
}

/** Who is being asked for, of each role manager that knows of groups. */
const asked = new WeakMap<RoleManager, { subject?: Subject | undefined }>();

/**
 * Runs `enforce` while the groups of `subject` count as its roles, beside those that the policy gives it, so that one
 * question covers all of them: asked for each group by itself, a policy that denies one of them would be overruled by
 * another that allows.
 *
 * Casbin's role managers know nothing of a request. Since `enforce` is synchronous, no other can come between.
 */
export function withGroupsAsRoles<Answer>(enforcer: Enforcer, subject: Subject, enforce: () => Answer): Answer {
  const roleManager = enforcer.getNamedRoleManager('g');
  if (roleManager === undefined || subject.groups.length === 0) return enforce();
  const asking = asked.get(roleManager) ?? teach(roleManager);
  asking.subject = subject;
  try {
    return enforce();
  } finally {
    asking.subject = undefined;
  }
}

/** From now on the role manager knows of the groups of whoever is asked for, and is otherwise as it was. */
function teach(roleManager: RoleManager): { subject?: Subject | undefined } {
  const asking: { subject?: Subject | undefined } = {};
  const hasLink = roleManager.syncedHasLink?.bind(roleManager);
  if (hasLink !== undefined) {
    // It is asked for each rule of the policy, and nearly always without a domain.
    roleManager.syncedHasLink = (name, role, ...domain) => {
      const has = (one: string) => (domain.length === 0 ? hasLink(one, role) : hasLink(one, role, ...domain));
      if (has(name)) return true;
      const { subject } = asking;
      return subject !== undefined && name === subject.name && subject.groups.some(has);
    };
  }
  asked.set(roleManager, asking);
  return asking;
}
