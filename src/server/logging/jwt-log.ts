import type { JwtAuthenticatorOptions } from '../../adapters/authenticators/jwt.js';
import { describeCause } from './describe-cause.js';
import type { Logger } from './logger.js';

/** The callback of a jwt authenticator that logs that its issuer does not answer, while nobody notices it yet. */
export function jwtLog(backend: string, logger: Logger): Required<Pick<JwtAuthenticatorOptions, 'onKeysUnavailable'>> {
  return {
    onKeysUnavailable(cause) {
      const fields = { event: 'keys_unavailable', backend, cause: describeCause(cause) };
      logger.error(
        fields,
        'The keys that verify tokens cannot be fetched. Those at hand serve until they are too old.',
      );
    },
  };
}
