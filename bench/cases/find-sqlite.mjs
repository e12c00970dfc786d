import { hash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteSessionManager } from '../../dist/adapters/session-managers/sqlite.js';
import { loadSqliteDriver } from '../../dist/adapters/sqlite-driver/driver.js';
import { allowAllAuthorizer, createSessionOrchestrator, Secret, staticAuthenticator } from '../../dist/index.js';
import { sessionQueryByHand } from '../by-hand/session-query.mjs';
import { lookUps, sampleOf, storeSizes } from '../support/look-ups.mjs';

export { scaling } from '../support/look-ups.mjs';
export const variants = ['by hand', 'manager', 'orchestrator'];
export const unit = 'us';

/** Look-ups by secret: by a bare prepared statement, in the SQLite session manager, and by way of the orchestrator. */
export async function createVariant(variant, effort) {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const driver = await loadSqliteDriver();
  const workloads = {};
  for (const [name, size] of Object.entries(storeSizes(effort))) {
    const path = join(folder, `${size}.db`);
    const sessionManager = sqliteSessionManager({ path });
    await sessionManager.open();
    const connection = driver.open(path, 'readWrite');
    const secrets = fill(connection, size);
    const sample = sampleOf(size).map((index) => secrets[index]);
    const find = variant === 'by hand' ? sessionQueryByHand(connection) : createFind(variant, sessionManager);
    workloads[name] = await lookUps(effort.milliseconds, sample, find);
  }
  return { workloads };
}

function createFind(variant, sessionManager) {
  if (variant === 'manager') return (secret) => sessionManager.findBySecret(new Secret(secret));
  const authenticator = staticAuthenticator({ users: {} });
  return createSessionOrchestrator({ authenticator, authorizer: allowAllAuthorizer(), sessionManager }).findBySecret;
}

/** In one transaction: the manager's own, one for each session, would take minutes. */
function fill(connection, size) {
  const insert = connection.prepare(
    'INSERT INTO session (secret_hash, user, ip_address, created, last_accessed) VALUES (?, ?, ?, ?, ?) RETURNING id',
  );
  const now = Date.now();
  connection.exec('BEGIN');
  const secrets = Array.from({ length: size }, (_, index) => {
    const secret = randomBytes(32).toString('hex');
    insert.get([hash('sha256', secret, 'buffer'), Buffer.from(`user-${index}`), '127.0.0.1', now, now]);
    return secret;
  });
  connection.exec('COMMIT');
  connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return secrets;
}
