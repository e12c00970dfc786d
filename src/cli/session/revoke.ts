import { setImmediate } from 'node:timers/promises';
import type { SessionManager } from '../../adapters/ports.js';
import { ConfigurationError } from '../../model/errors.js';
import type { FullAuthSession } from '../../model/session.js';
import type { ConfigOptions } from '../config-options.js';
import { EXIT } from '../exit-codes.js';
import { interruptible } from '../interruptible.js';
import { progress, thousands } from '../progress.js';
import { complain, print } from '../terminal.js';
import { pagesOf, sessionId, withSessions } from './stored-sessions.js';

/** So many sessions are ended at once: each takes a round trip. */
const AT_ONCE = 32;

/** What commander has read of the options of `session revoke`. */
export interface RevokeOptions extends ConfigOptions {
  readonly user?: string;
  readonly all?: true;
}

/** `session-init session revoke`: the nodes that share the store hear of each, and close its connections. */
export async function runRevoke(ids: readonly string[], options: RevokeOptions): Promise<void> {
  const ways = [ids.length > 0, options.user !== undefined, options.all === true].filter(Boolean).length;
  if (ways !== 1) throw new ConfigurationError('Name the ids of sessions, or a --user, or --all: one of these.');
  const wanted = ids.map(sessionId);
  await interruptible((interruption) =>
    withSessions(options, (manager) =>
      wanted.length > 0
        ? revokeById(manager, wanted, interruption)
        : revokeSelected(manager, options.user, interruption),
    ),
  );
}

async function revokeById(manager: SessionManager, ids: readonly number[], interruption: AbortSignal): Promise<void> {
  for (const id of ids) {
    if (interruption.aborted) return;
    if (await manager.remove(id)) print(`Session ${id} is revoked.`);
    else {
      complain(`There is no session ${id}.`);
      process.exitCode = EXIT.refused;
    }
  }
}

/** Ends what there is as it begins. It says how many were ended, however it ends itself. */
async function revokeSelected(
  manager: SessionManager,
  user: string | undefined,
  interruption: AbortSignal,
): Promise<void> {
  const line = progress();
  let revoked = 0;

  async function revokeEach(sessions: Iterable<FullAuthSession>): Promise<void> {
    for (const { session_id } of sessions) {
      if (interruption.aborted) return;
      if (await manager.remove(session_id)) revoked += 1;
      line.show(`${thousands(revoked)} revoked so far`);
    }
  }

  try {
    for await (const page of pagesOf(manager, { user })) {
      // They share one iterator, so each takes what the others have not.
      const sessions = page.values();
      const results = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => revokeEach(sessions)));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
      // A store may answer without a turn of the event loop, and signals come with its turns.
      await setImmediate();
      if (interruption.aborted) break;
    }
  } finally {
    line.clear();
    const rest = interruption.aborted ? ' This was interrupted, and the others go on.' : '';
    print(`${revoked} ${revoked === 1 ? 'session is' : 'sessions are'} revoked.${rest}`);
  }
}
