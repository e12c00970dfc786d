import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hash } from '@node-rs/argon2';
import Database from 'libsql';
import { sqlAuthenticator } from '../../dist/adapters/authenticators/sql.js';
import { postgresByHand, sqliteByHand } from '../by-hand/sql.mjs';
import { timed } from '../harness/timed.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { withAuthenticator } from '../support/with-authenticator.mjs';

export const variants = ['bare', 'session-init'];
export const unit = 'us';

const USERS = 200;
const AT_ONCE = 64;
const QUERY = 'SELECT hash AS secret_hash FROM users WHERE name = ';
const IN_POSTGRES = `${QUERY}$1`;
const IN_SQLITE = `${QUERY}?`;

/** A user found by a query, and the secret verified: by a hash that costs nothing, and by one that costs what it should. */
export async function createVariant(variant, { milliseconds }) {
  const isBare = variant === 'bare';
  const sql = await tableOfUsers();
  const where = await startPostgres(`${sql}; ANALYZE users`);
  const path = newFile(sql);
  const postgres = isBare
    ? postgresByHand(where, IN_POSTGRES)
    : withAdapter({ dialect: 'postgresql', ...where, query: IN_POSTGRES });
  const sqlite = isBare ? sqliteByHand(path, IN_SQLITE) : withAdapter({ dialect: 'sqlite', path, query: IN_SQLITE });
  let next = 0;

  async function verify(authenticate, kind) {
    const index = next++ % USERS;
    const user = await authenticate(`${kind}-${index}`, `marked-user-secret-${index}`);
    if (user !== `${kind}-${index}`) throw new Error(`${kind}-${index} was to be authenticated.`);
  }

  const workload = (authenticate, kind, calls) => () =>
    timed(milliseconds, async () => {
      await Promise.all(Array.from({ length: calls }, () => verify(authenticate, kind)));
      return calls;
    });

  return {
    workloads: {
      'PostgreSQL, one by one': workload(postgres, 'cheap', 1),
      [`PostgreSQL, ${AT_ONCE} at once`]: workload(postgres, 'cheap', AT_ONCE),
      [`PostgreSQL and argon2id, ${AT_ONCE} at once`]: workload(postgres, 'costly', AT_ONCE),
      [`SQLite, ${AT_ONCE} at once`]: workload(sqlite, 'cheap', AT_ONCE),
      [`SQLite and argon2id, ${AT_ONCE} at once`]: workload(sqlite, 'costly', AT_ONCE),
    },
  };
}

function withAdapter(options) {
  // A machine that does something else, too, may be slow.
  return withAuthenticator(sqlAuthenticator({ ...options, timeout: 60_000 }));
}

async function tableOfUsers() {
  const users = await Promise.all(
    Array.from({ length: USERS }, async (_, index) => {
      const secret = `marked-user-secret-${index}`;
      const cheap = `{SHA}${createHash('sha1').update(secret).digest('base64')}`;
      const costly = await hash(secret, { memoryCost: 19456, timeCost: 2, parallelism: 1 });
      return `('cheap-${index}', '${cheap}'), ('costly-${index}', '${costly}')`;
    }),
  );
  return `CREATE TABLE users (name text PRIMARY KEY, hash text NOT NULL); INSERT INTO users VALUES ${users}`;
}

function newFile(sql) {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'users.db');
  const database = new Database(path);
  database.exec(sql);
  database.close();
  return path;
}
