import type { Clock, SessionManager } from '../index.js';
import { withDeadline } from '../model/with-deadline.js';
import { describeCause } from './logging/describe-cause.js';
import type { Logger } from './logging/logger.js';

/** A load balancer gives up a check after some seconds, and must learn what is wrong before that. In milliseconds. */
const DEADLINE = 1_000;
/** So long an answer of the store holds, in milliseconds: many checks are no load for it. */
const HOLDS_FOR = 1_000;

/** What a check of the store goes by. */
export interface StoreCheckOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the store has answered before the first check. */
  readonly answers: boolean;
}

/**
 * Asks the store of the sessions for a sign of life. Whoever asks while it is being asked gets the same answer. That it
 * is found to be unreachable, and that it is reachable again, is logged once.
 *
 * @returns a function that says whether the store answers; always, if there is nothing that could be asked. It never rejects
 */
export function storeCheck(
  sessionManager: SessionManager,
  { clock, logger, answers }: StoreCheckOptions,
): () => Promise<boolean> {
  let latest = { isReachable: answers, at: Number.NEGATIVE_INFINITY };
  let underWay: Promise<boolean> | undefined;

  async function ask(): Promise<boolean> {
    const cause = await failureOf(sessionManager, clock);
    const isReachable = cause === undefined;
    if (isReachable !== latest.isReachable) log(isReachable, cause?.reason);
    latest = { isReachable, at: clock.monotonic() };
    underWay = undefined;
    return isReachable;
  }

  function log(isReachable: boolean, reason: unknown): void {
    const store = sessionManager.name;
    if (isReachable) logger.info({ event: 'store_reachable', store }, 'The store of the sessions answers again.');
    else {
      const fields = { event: 'store_unreachable', store, cause: describeCause(reason) };
      logger.error(fields, 'The store of the sessions does not answer, so this server is not ready.');
    }
  }

  return async () => {
    if (sessionManager.probe === undefined) return true;
    if (clock.monotonic() - latest.at < HOLDS_FOR) return latest.isReachable;
    underWay ??= ask();
    return underWay;
  };
}

async function failureOf(manager: SessionManager, clock: Clock): Promise<{ reason: unknown } | undefined> {
  try {
    await withDeadline(clock, DEADLINE, `${manager.name}.probe`, async (options) => manager.probe?.(options));
    return undefined;
  } catch (reason) {
    return { reason };
  }
}
