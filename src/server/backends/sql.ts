import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { type SqlAuthenticatorOptions, sqlAuthenticator } from '../../adapters/authenticators/sql.js';
import { sqlLog } from '../logging/sql-log.js';
import { file, milliseconds, secretSource, text, texts } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';

const POSTGRESQL = 'PostgreSQL alone.';

// What belongs to one dialect has no default here: the adapter has it, and refuses it with the other.
const schema = z.strictObject({
  type: z.literal('sql'),
  dialect: z.enum(['postgresql', 'sqlite']).describe('Where the users are.'),
  query: text('A SELECT that finds a user by the one parameter, the asserted name: $1, or ? in SQLite.'),
  claims: texts('Columns of the query that become claims.').default([]),
  upgrade: text(
    'An UPDATE of a weak hash: the new hash, the asserted name and the old hash are its parameters.',
  ).optional(),
  decoyHash: text('A hash such as most users have, to verify for unknown ones.').optional(),
  path: file('The file. SQLite alone.').optional(),
  host: text(`The host, or the folder of a Unix socket. ${POSTGRESQL}`).optional(),
  port: z.int().min(1).max(65_535).describe(`By default 5432. ${POSTGRESQL}`).optional(),
  database: text(`The name of the database. ${POSTGRESQL}`).optional(),
  user: text(`The account that asks. ${POSTGRESQL}`).optional(),
  password: secretSource(`The password of that account. ${POSTGRESQL}`).optional(),
  tls: z
    .enum(['verified', 'unverified', 'off'])
    .describe(`By default verified, and off for a server on this machine. ${POSTGRESQL}`)
    .optional(),
  ca: file(`The certificates, in PEM, of the CAs that sign the server's. ${POSTGRESQL}`).optional(),
  connectTimeout: z.int().min(1).describe(`Milliseconds until a connection is ready. ${POSTGRESQL}`).optional(),
  idleTimeout: z.int().min(1).describe(`Milliseconds that a connection may be idle. ${POSTGRESQL}`).optional(),
  maxConnections: z.int().min(1).describe(`How many connections there are at most. ${POSTGRESQL}`).optional(),
  maxQueued: z
    .int()
    .min(0)
    .describe(`How many may wait for one; more are refused as overloaded. ${POSTGRESQL}`)
    .optional(),
  timeout: milliseconds(4_000, 'So long one authentication may take in all.'),
});

export const sqlBackend = authenticatorBackend({
  schema,
  async open({ type: _, ca, password, ...settings }, { name, clock, logger, readSecret }) {
    const read = {
      ca: ca && (await readFile(ca, 'utf8')),
      password: password && (await readSecret(password)),
    };
    const options = { ...given({ ...settings, ...read, name }), clock, ...sqlLog(name ?? 'sql', logger) };
    // Which options go with which dialect is checked by the adapter.
    return sqlAuthenticator(options as SqlAuthenticatorOptions);
  },
});
