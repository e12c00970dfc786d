import type { CallOptions, SessionManager } from '../adapters/ports.js';
import type { Clock } from '../model/clock.js';
import type { Secret } from '../model/secret.js';
import { withDeadline } from '../model/with-deadline.js';

/** A session that was created for nobody, and what became of its removal. */
export interface OrphanReport {
  sessionId: number;
  user: string;
  referenceId: string;
  /** `superseded`: its secret opens it no more, so that it is somebody else's, or gone. */
  outcome: 'removed' | 'superseded' | 'retrying' | 'abandoned';
  /** How often the removal was tried. */
  attempts: number;
  /** Why the latest attempt failed. */
  cause?: unknown;
}

/** How long one attempt may take, in milliseconds. */
const ATTEMPT_DEADLINE = 5_000;
/** The waits between the attempts, in milliseconds. After the last one the session is left to its idle time-out. */
const WAITS = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600];

/**
 * Removes a session that nobody was told of (promise P2), and tries again when that fails. Every step is reported.
 * If all attempts fail, nobody holds the session's secret, and it ends by its idle time-out.
 *
 * @returns when the session is removed or abandoned; it never rejects
 */
export async function removeOrphan(
  { secret, ...orphan }: { sessionId: number; user: string; referenceId: string; secret: Secret | undefined },
  sessionManager: SessionManager,
  clock: Clock,
  report: (report: OrphanReport) => void,
): Promise<void> {
  const call = <Result>(method: string, run: (options: CallOptions) => Promise<Result>) =>
    withDeadline(clock, ATTEMPT_DEADLINE, `${sessionManager.name}.${method}`, run);
  /** With the policy `reuse`, the same session may have been given to another client, under another secret. */
  const isHandedOn = async (sessionId: number, given: Secret): Promise<boolean> => {
    const opened = await call('findBySecret', async (options) => sessionManager.findBySecret?.(given, options));
    if (opened?.session_id === sessionId) return false;
    return (await call('findById', async (options) => sessionManager.findById?.(sessionId, options))) !== undefined;
  };
  for (let attempts = 1; ; attempts++) {
    try {
      const isTheirs = secret !== undefined && (await isHandedOn(orphan.sessionId, secret));
      if (!isTheirs) await call('remove', (options) => sessionManager.remove(orphan.sessionId, options));
      report({ ...orphan, outcome: isTheirs ? 'superseded' : 'removed', attempts });
      return;
    } catch (cause) {
      const wait = WAITS[attempts - 1];
      report({ ...orphan, outcome: wait === undefined ? 'abandoned' : 'retrying', attempts, cause });
      if (wait === undefined) return;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, wait));
    }
  }
}
