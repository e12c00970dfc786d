import { BackendFaultError } from '../../../model/errors.js';

/** The fault of an upgrade that would have put one user's hash in the place of others'. */
export function tooManyRows(name: string, count: unknown): BackendFaultError {
  return new BackendFaultError(
    `${name} has undone an upgrade that changed ${count} rows. Make it change the row of one user, of the old hash.`,
  );
}
