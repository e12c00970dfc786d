import { ConfigurationError } from '../../../model/errors.js';
import type { Client } from '../../postgres-client/connections.js';
import { migrations } from './migrations.js';

/** Milliseconds for a migration, the wait for another node's included. */
export const MIGRATION_TIMEOUT = 60_000;

/** What every node locks that is about to migrate: the letters `sini`. */
const LOCK = 0x73696e69;

/** @throws ConfigurationError if a later version of this package has written the schema */
export async function isMigrated(client: Client, schema: string): Promise<boolean> {
  return (await schemaVersion(client, schema)) === migrations(schema).length;
}

/** Brings the schema up to date, in one transaction. Of nodes that come at once, the first does it; the others wait for it. */
export async function migrate(client: Client, schema: string): Promise<void> {
  await client.query({ text: 'BEGIN' });
  await client.query({ text: `SET LOCAL statement_timeout = ${MIGRATION_TIMEOUT}` });
  await client.query({ text: `SELECT pg_advisory_xact_lock(${LOCK})` });
  const { rows } = await client.query({
    text: 'SELECT to_regnamespace($1) IS NULL AS "isMissing"',
    values: [`"${schema}"`],
  });
  // Where there is one it is not asked for: that takes a right that the schema itself does not.
  if (rows[0]?.['isMissing'] === true) await client.query({ text: `CREATE SCHEMA "${schema}"` });
  const version = await schemaVersion(client, schema);
  for (const [index, text] of migrations(schema).entries()) {
    if (index < version) continue;
    await client.query({ text });
    await client.query({ text: `INSERT INTO "${schema}".migration (version) VALUES (${index + 1})` });
  }
  await client.query({ text: 'COMMIT' });
}

/**
 * @returns 0 for a schema that has none, or is not there
 * @throws ConfigurationError if this version of the package does not know it
 */
async function schemaVersion(client: Client, schema: string): Promise<number> {
  const table = `"${schema}".migration`;
  const found = await client.query({ text: 'SELECT to_regclass($1) IS NOT NULL AS "isThere"', values: [table] });
  if (found.rows[0]?.['isThere'] !== true) return 0;
  const { rows } = await client.query({ text: `SELECT coalesce(max(version), 0) AS version FROM ${table}` });
  const version = rows[0]?.['version'] as number;
  const latest = migrations(schema).length;
  if (version <= latest) return version;
  throw new ConfigurationError(
    `The schema ${schema} was written by a later version of session-init (schema ${version}; this one knows ${latest}), ` +
      'and was left as it is. Upgrade session-init, or name another schema.',
  );
}
