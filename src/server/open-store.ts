import { BackendFaultError, DeadlineExceededError } from '../index.js';
import type { Store } from './backends/store-backend.js';
import { describeCause } from './logging/describe-cause.js';
import type { Logger } from './logging/logger.js';

/**
 * Opens the store of a server. One that does not answer does not keep the server from starting: it comes back by itself,
 * and until then the server is not ready.
 *
 * @returns whether it answers
 * @throws whatever does not get better by itself: a configuration that cannot work, a package that is missing
 */
export async function openStore({ sessionManager }: Store, logger: Logger): Promise<boolean> {
  try {
    await sessionManager.open?.();
    return true;
  } catch (cause) {
    const isDown = cause instanceof BackendFaultError || cause instanceof DeadlineExceededError;
    // Of one that cannot be asked nobody would learn that it is back.
    if (!isDown || sessionManager.probe === undefined) throw cause;
    const fields = { event: 'store_unreachable', store: sessionManager.name, cause: describeCause(cause) };
    logger.error(fields, 'The store of the sessions does not answer. The server starts, and is ready when it does.');
    return false;
  }
}
