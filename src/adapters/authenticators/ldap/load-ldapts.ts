import { MissingPackageError } from '../../../model/errors.js';
import { policyControlOf } from './password-policy.js';

/** The package that speaks LDAP, and the control that it lacks. */
export type Ldapts = Awaited<ReturnType<typeof load>>;

let loaded: Ldapts | undefined;

/**
 * Loads the package that speaks LDAP. A failure is not kept.
 *
 * @param name - who needs it
 * @throws MissingPackageError if it is not installed
 */
export async function loadLdapts(name: string): Promise<Ldapts> {
  loaded ??= await load(name);
  return loaded;
}

async function load(name: string) {
  try {
    const ldapts = await import('ldapts');
    return { ...ldapts, PasswordPolicyControl: policyControlOf(ldapts) };
  } catch (cause) {
    throw new MissingPackageError('ldapts', `The authenticator ${name}`, { cause });
  }
}
