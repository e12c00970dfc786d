import type { UsersFileAuthenticatorOptions } from '../../adapters/authenticators/users-file.js';
import { describeCause } from './describe-cause.js';
import type { Logger } from './logger.js';
import { printable } from './printable.js';

/** The callbacks of a users file authenticator that log what it does with its file. */
export function usersFileLog(
  file: string,
  logger: Logger,
): Required<Pick<UsersFileAuthenticatorOptions, 'onReload' | 'onReloadError' | 'onWeakHash'>> {
  let isLoaded = false;
  return {
    onReload({ users, weakHashes, exposed }) {
      isLoaded = true;
      logger.info({ event: 'users_file_loaded', file, users, weak_hashes: weakHashes }, 'The users file was loaded.');
      if (exposed)
        logger.warn({ event: 'users_file_exposed', file }, `Others may read the users file: chmod 600 ${file}`);
    },
    onReloadError(cause) {
      const fields = { event: 'users_file_refused', file, cause: describeCause(cause) };
      const consequence = isLoaded ? ' The last good one stays in force.' : '';
      logger.error(fields, `The users file cannot be taken.${consequence}`);
    },
    onWeakHash({ user, scheme }) {
      const fields = { event: 'weak_hash', user: printable(user, 255), scheme };
      logger.warn(fields, 'A user has a weak hash: "session-init user passwd" makes a strong one.');
    },
  };
}
