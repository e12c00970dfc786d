import { join } from 'node:path';
import * as z from 'zod';
import { sqliteSessionManager } from '../../adapters/session-managers/sqlite.js';
import { ownFile } from '../settings.js';
import { sessionLifetime } from './session-lifetime.js';
import { storeBackend } from './store-backend.js';

const schema = z.strictObject({
  type: z.literal('sqlite'),
  path: ownFile('The database. By default it is sessions.db in dataDir.').optional(),
  durability: z
    .enum(['process', 'power'])
    .default('process')
    .describe('What sessions survive: the end of the process by any means, or the loss of power, too.'),
  ...sessionLifetime,
});

/** The database that these settings mean. */
export const databasePath = ({ path }: Pick<z.output<typeof schema>, 'path'>, dataDir: string) =>
  path ?? join(dataDir, 'sessions.db');

export const sqliteBackend = storeBackend({
  schema,
  make: ({ type: _, path, ...settings }, { dataDir, clock }) => ({
    sessionManager: sqliteSessionManager({ ...settings, path: databasePath({ path }, dataDir), clock }),
  }),
});
