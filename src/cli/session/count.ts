import type { ConfigOptions } from '../config-options.js';
import { progress, thousands } from '../progress.js';
import { print } from '../terminal.js';
import { pagesOf, withSessions } from './stored-sessions.js';

/** What commander has read of the options of `session count`. */
export interface CountOptions extends ConfigOptions {
  readonly user?: string;
  readonly json?: true;
}

/** `session-init session count`: no store knows how many of its sessions are live without a look at each. */
export async function runCount(options: CountOptions): Promise<void> {
  const count = await withSessions(options, async (manager) => {
    const line = progress();
    let sessions = 0;
    try {
      for await (const page of pagesOf(manager, options)) {
        sessions += page.length;
        line.show(`${thousands(sessions)} so far`);
      }
      return sessions;
    } finally {
      line.clear();
    }
  });
  print(options.json ? JSON.stringify({ sessions: count }) : String(count));
}
