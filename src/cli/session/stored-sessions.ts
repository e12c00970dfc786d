import { existsSync } from 'node:fs';
import type { SessionManager } from '../../adapters/ports.js';
import { ConfigurationError } from '../../model/errors.js';
import type { FullAuthSession } from '../../model/session.js';
import { databaseOf } from '../../server/backends/session-manager.js';
import { type ConfigOptions, loadConfig } from '../config-options.js';

/** Sessions are asked for, and held, so many at a time. */
const PAGE = 1_000;

/** Which sessions. */
export interface Selection {
  /** Those of one user. @defaultValue those of all */
  user?: string | undefined;
  /** Those with a greater id. @defaultValue 0 */
  after?: number | undefined;
  /** At most so many. @defaultValue all */
  limit?: number | undefined;
}

/**
 * Opens the store that a configuration names, and closes it when `use` has settled.
 *
 * @throws ConfigurationError if there is none that another process than the server can open
 */
export async function withSessions<Result>(
  options: ConfigOptions,
  use: (manager: SessionManager) => Promise<Result>,
): Promise<Result> {
  const { config } = await loadConfig(options, false);
  if (config.sessionManager.type === 'memory') {
    throw new ConfigurationError('The sessions are in the memory of the server: sessionManager.type is memory.');
  }
  const path = databaseOf(config);
  if (path !== undefined && !existsSync(path)) {
    throw new ConfigurationError(`There is no database ${path}. Has the server run here? --data-dir names its folder.`);
  }
  const { openSessionManager } = await import('../../server/backends/session-manager.js');
  const manager = await openSessionManager(config);
  try {
    return await use(manager);
  } finally {
    await manager.close?.();
  }
}

/** The sessions of a selection, in ascending order of id, page by page. None of the pages is empty. */
export async function* pagesOf(
  manager: SessionManager,
  { user, after = 0, limit = Number.POSITIVE_INFINITY }: Selection,
): AsyncGenerator<readonly FullAuthSession[]> {
  let last = after;
  for (let left = limit; left > 0; ) {
    const page = await manager.listByUser(user, { after: last, limit: Math.min(PAGE, left) });
    const end = page.at(-1);
    if (end === undefined) return;
    yield page;
    last = end.session_id;
    left -= page.length;
  }
}

/** @throws ConfigurationError if `text` is no id */
export function sessionId(text: string): number {
  const id = Number(text);
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new ConfigurationError('The id of a session is a positive whole number: "session list" shows them.');
}
