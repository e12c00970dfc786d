import { MissingPackageError } from '../../../model/errors.js';

/** Loads the package that speaks LDAP. Nothing is cached here, so a failure is not either. */
export async function loadLdapts(name: string): Promise<typeof import('ldapts')> {
  try {
    return await import('ldapts');
  } catch (cause) {
    throw new MissingPackageError('ldapts', `The authenticator ${name}`, { cause });
  }
}
