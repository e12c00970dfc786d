import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import {
  postgresGuessStore,
  postgresSessionManager,
  usedStepsInPostgres,
} from '../../adapters/session-managers/postgres.js';
import { count, file, milliseconds, secretSource, text } from '../settings.js';
import { given } from './backend.js';
import { sessionLifetime, timeFrom } from './session-lifetime.js';
import { storeBackend } from './store-backend.js';

const schema = z.strictObject({
  type: z.literal('postgres'),
  host: text('The host, or the folder of a Unix socket.'),
  port: z.int().min(1).max(65_535).default(5432).describe('The TCP port.'),
  database: text('The name of the database.'),
  user: text('The account.'),
  password: secretSource('The password of that account.').optional(),
  tls: z
    .enum(['verified', 'unverified', 'off'])
    .optional()
    .describe('By default verified, and off for a server on this machine.'),
  ca: file("The certificates, in PEM, of the CAs that sign the server's.").optional(),
  schema: text('The schema with the sessions: the same on all nodes. It is made if it is not there.').default(
    'session_init',
  ),
  connectTimeout: milliseconds(1_500, 'So long it may take until a connection is ready.'),
  maxConnections: count(10, 'How many connections there are at most.'),
  maxQueued: count(2_000, 'How many calls may wait for one; more are refused as overloaded.', 0),
  timeFrom,
  timeout: milliseconds(4_000, 'So long one call may take. It must be shorter than deadlines.session.'),
  ...sessionLifetime,
});

export const postgresBackend = storeBackend({
  schema,
  async make({ type: _, ...settings }, { clock, readSecret }) {
    const { idleTimeout, absoluteLifetime, maxSessionsPerUser, limitPolicy, timeFrom, password, ca, tls, ...rest } =
      settings;
    const server = {
      ...rest,
      ...given({ tls }),
      ...(password && { password: await readSecret(password) }),
      ...(ca && { ca: await readFile(ca, 'utf8') }),
      clock,
    };
    const lifetime = { idleTimeout, absoluteLifetime, maxSessionsPerUser, limitPolicy };
    return {
      sessionManager: postgresSessionManager({ ...server, ...lifetime, timeFrom }),
      guessStore: () => postgresGuessStore({ ...server, timeFrom }),
      usedSteps: () => usedStepsInPostgres(server),
    };
  },
});
