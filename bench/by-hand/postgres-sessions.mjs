import { hash, randomBytes } from 'node:crypto';
import pg from 'pg';

const IDLE_TIMEOUT = 30 * 60_000;
const ABSOLUTE_LIFETIME = 24 * 60 * 60_000;
const COLUMNS = 'id, "user", ip_address, created, last_accessed';

const STATEMENTS = {
  insert: `INSERT INTO session_init.session (secret_hash, "user", ip_address, created, last_accessed)
    VALUES ($1, $2, $3, $4, $4) RETURNING ${COLUMNS}`,
  call: 'SELECT * FROM session_init.create_evictoldest($1, $2, $3, $4, $5, $6, $7, $8)',
  find: `SELECT ${COLUMNS} FROM session_init.session WHERE secret_hash = $1 AND created > $2 AND last_accessed > $3`,
};

/**
 * Sessions with `pg` alone, which gives up in time, too: one prepared statement for what is asked, over as many connections
 * as the adapter has.
 */
export function postgresSessionsByHand(where) {
  const pool = new pg.Pool({ ...where, max: 10, connectionTimeoutMillis: 60_000, query_timeout: 60_000 });

  async function ask(name, values) {
    const { rows } = await pool.query({ name, text: STATEMENTS[name], values });
    const [row] = rows;
    return row && { ...row, id: Number(row.id), user: row.user.toString() };
  }

  function newSecret() {
    const secret = randomBytes(32).toString('hex');
    return { secret, secretHash: hash('sha256', secret, 'buffer') };
  }

  return {
    async createUnlimited(user) {
      const { secret, secretHash } = newSecret();
      return { ...(await ask('insert', [secretHash, Buffer.from(user), '127.0.0.1', Date.now()])), secret };
    },
    async createLimited(user) {
      const { secret, secretHash } = newSecret();
      const now = Date.now();
      const times = [now, now - ABSOLUTE_LIFETIME, now - IDLE_TIMEOUT];
      return { ...(await ask('call', [secretHash, Buffer.from(user), '127.0.0.1', 100, ...times, 'node'])), secret };
    },
    find(secret) {
      const now = Date.now();
      return ask('find', [hash('sha256', secret, 'buffer'), now - ABSOLUTE_LIFETIME, now - IDLE_TIMEOUT]);
    },
  };
}
