import type { SqlUsersOptions } from '../../adapters/authenticators/sql.js';
import { describeCause } from './describe-cause.js';
import type { Logger } from './logger.js';
import { printable } from './printable.js';

/** The callbacks of a sql authenticator that log what it finds of hashes. */
export function sqlLog(
  backend: string,
  logger: Logger,
): Required<Pick<SqlUsersOptions, 'onWeakHash' | 'onUpgradeError'>> {
  return {
    onWeakHash({ user, scheme }) {
      const fields = { event: 'weak_hash', backend, user: printable(user, 255), scheme };
      logger.warn(fields, 'A user has a weak hash. With "upgrade" it is replaced as the user logs in.');
    },
    onUpgradeError(cause) {
      const fields = { event: 'hash_upgrade_failed', backend, cause: describeCause(cause) };
      logger.error(fields, 'The hash of a user could not be upgraded. The user was let in.');
    },
  };
}
