import { join } from 'node:path';
import * as z from 'zod';
import { sqliteSessionManager } from '../../adapters/session-managers/sqlite.js';
import { type Clock, memorySessionManager, type SessionManager } from '../../index.js';
import { count, milliseconds, ownFile } from '../settings.js';

const lifetime = {
  idleTimeout: milliseconds(1_800_000, 'A session that was not used for so long has ended.'),
  absoluteLifetime: milliseconds(86_400_000, 'A session has ended so long after its creation, however it is used.'),
  maxSessionsPerUser: count(100, 'How many live sessions a user may have.'),
  limitPolicy: z
    .enum(['allow', 'reuse', 'evictOldest', 'refuse'])
    .default('evictOldest')
    .describe('What happens beyond that.'),
};

export const sessionManagerSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('sqlite'),
    path: ownFile('The database. By default it is sessions.db in dataDir.').optional(),
    durability: z
      .enum(['process', 'power'])
      .default('process')
      .describe('What sessions survive: the end of the process by any means, or the loss of power, too.'),
    ...lifetime,
  }),
  z.strictObject({ type: z.literal('memory'), ...lifetime }),
]);

/** What the configuration says of the sessions. */
export interface SessionSettings {
  dataDir: string;
  sessionManager: z.output<typeof sessionManagerSchema>;
}

/** The database of the sessions, if they are in one. */
export function databaseOf({ sessionManager, dataDir }: SessionSettings): string | undefined {
  return sessionManager.type === 'sqlite' ? (sessionManager.path ?? join(dataDir, 'sessions.db')) : undefined;
}

/**
 * Opens the session manager of a configuration.
 *
 * @throws ConfigurationError if the database cannot be used; it is then left as it is
 */
export async function openSessionManager(config: SessionSettings, clock?: Clock): Promise<SessionManager> {
  const { type: _, ...settings } = config.sessionManager;
  const options = { ...settings, ...(clock && { clock }) };
  const path = databaseOf(config);
  if (path === undefined) return memorySessionManager(options);
  const manager = sqliteSessionManager({ ...options, path });
  await manager.open();
  return manager;
}
