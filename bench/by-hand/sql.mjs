import { createHash, timingSafeEqual } from 'node:crypto';
import { verify } from '@node-rs/argon2';
import Database from 'libsql';
import pg from 'pg';

/** A query with `pg` alone, prepared and over as many connections as the adapter has. */
export function postgresByHand(where, query) {
  const pool = new pg.Pool({ ...where, max: 10, connectionTimeoutMillis: 4_000, query_timeout: 4_000 });
  return async (username, secret) => {
    const { rows } = await pool.query({ name: 'user', text: query, values: [username] });
    return (await matches(rows[0].secret_hash, secret)) ? username : undefined;
  };
}

/** A query with `libsql` alone, which waits for a file that is locked. */
export function sqliteByHand(path, query) {
  const statement = new Database(path, { timeout: 4_000 }).prepare(query);
  return async (username, secret) => {
    const row = statement.get([username]);
    return (await matches(row.secret_hash, secret)) ? username : undefined;
  };
}

async function matches(encoded, secret) {
  if (encoded.startsWith('$argon2id$')) return verify(encoded, secret);
  const computed = `{SHA}${createHash('sha1').update(secret).digest('base64')}`;
  return timingSafeEqual(Buffer.from(computed), Buffer.from(encoded));
}
