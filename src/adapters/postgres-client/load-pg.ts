import { MissingPackageError } from '../../model/errors.js';

/** Loads the package that speaks to PostgreSQL. Nothing is cached here, so a failure is not either. */
export async function loadPg(neededBy: string): Promise<typeof import('pg')> {
  try {
    return await import('pg');
  } catch (cause) {
    throw new MissingPackageError('pg', neededBy, { cause });
  }
}
