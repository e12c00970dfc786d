import { hash, timingSafeEqual } from 'node:crypto';
import { verify } from '@node-rs/argon2';
import Database from 'libsql';
import pg from 'pg';

/** Verified for a name that nobody has, so that it takes as long. */
const DECOY = '$argon2id$v=19$m=19456,t=2,p=1$c2Vzc2lvbi1pbml0LWRlY295$Ro2RVdyUmgL1YNBTK9kN6Cs2Jns0wTgu8sMhMeU6fQA';

/** A query with `pg` alone, prepared and over as many connections as the adapter has. */
export function postgresByHand(where, query) {
  const pool = new pg.Pool({ ...where, max: 10, connectionTimeoutMillis: 4_000, query_timeout: 4_000 });
  return async (username, secret) => {
    const { rows } = await pool.query({ name: 'user', text: query, values: [username] });
    return verified(rows, username, secret);
  };
}

/** A query with `libsql` alone, which waits for a file that is locked. */
export function sqliteByHand(path, query) {
  const statement = new Database(path, { timeout: 4_000 }).prepare(query);
  return async (username, secret) => verified(statement.all([username]), username, secret);
}

/** A query that finds two must not let anybody in as one of them. */
async function verified([row, another], username, secret) {
  if (another !== undefined) throw new Error(`${username} is there more than once.`);
  const matches = await isHashOf(row?.secret_hash ?? DECOY, secret);
  return matches && row !== undefined ? username : undefined;
}

async function isHashOf(encoded, secret) {
  if (encoded.startsWith('$argon2id$')) return verify(encoded, secret);
  const computed = `{SHA}${hash('sha1', secret, 'base64')}`;
  return computed.length === encoded.length && timingSafeEqual(Buffer.from(computed), Buffer.from(encoded));
}
