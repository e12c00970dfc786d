import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { postgresSessionManager } from '../../dist/adapters/session-managers/postgres.js';
import { redisSessionManager } from '../../dist/adapters/session-managers/redis.js';
import { sqliteSessionManager } from '../../dist/adapters/session-managers/sqlite.js';
import { systemClock } from '../../dist/index.js';
import { timed } from '../harness/timed.mjs';
import { sampleOf } from '../support/look-ups.mjs';
import { startPostgres } from '../support/postgres.mjs';
import { startRedis } from '../support/redis.mjs';

const FEW = 1_000;
const AT_ONCE = 64;
const CREATORS = 128;

const title = (size) => (size === 1_000_000 ? '1M' : `${size / 1_000}k`);
const found = (size) => `look-up at ${title(size)}`;
const bytes = (size) => `bytes of a session at ${title(size)}`;
const removed = (size) => `removal of an expired session at ${title(size)}`;
const SIZES = [FEW, 100_000, 1_000_000];

export const variants = ['sqlite', 'redis', 'postgres'];
export const unit = 'us';
export const units = Object.fromEntries(SIZES.map((size) => [bytes(size), 'bytes']));
export const figuresOnly = SIZES.flatMap((size) => [found(size), bytes(size), removed(size)]);
export const scaling = Object.fromEntries(SIZES.slice(1).map((size) => [found(size), found(FEW)]));
export const fewerRounds = ({ rounds, quick }) => ({ rounds: quick ? 1 : Math.min(rounds, 5), warmUps: 0 });

/**
 * The stores with a thousand sessions and with many, each of another user: what a look-up takes, 64 at once; how many bytes
 * the store has grown by for each; and what it takes to remove one that has expired.
 */
export async function createVariant(variant, { milliseconds, quick, large }) {
  const [few, many] = quick ? [FEW, undefined] : [FEW, large ? 1_000_000 : 100_000];
  const small = await filled(variant, few);
  const big = many && (await filled(variant, many));
  return {
    workloads: {
      [found(few)]: () => lookUps(milliseconds, small),
      ...(big && { [found(many)]: () => lookUps(milliseconds, big) }),
      [bytes(many ?? few)]: async () => (big ?? small).bytes / (many ?? few),
      // The last: there is less to find after it.
      [removed(many ?? few)]: () => removeSome(big ?? small),
    },
  };
}

async function filled(variant, size) {
  const { manager, expiring, bytesInUse } = await STORES[variant]();
  const { signal } = new AbortController();
  const before = await bytesInUse();
  const secrets = [];
  let next = 0;
  const create = async () => {
    while (next < size) {
      const index = next++;
      const { session } = await manager.create({ user: `user-${index}`, ipAddress: '192.0.2.1' }, { signal });
      secrets[index] = session.session_secret;
    }
  };
  await Promise.all(Array.from({ length: CREATORS }, create));
  return {
    manager,
    expiring,
    bytes: (await bytesInUse()) - before,
    sample: sampleOf(size).map((index) => secrets[index]),
  };
}

let next = 0;

function lookUps(milliseconds, { manager, sample }) {
  const lookUp = async () => {
    const session = await manager.findBySecret(sample[next++ % sample.length]);
    if (session === undefined) throw new Error('A session was to be found.');
  };
  return timed(milliseconds, async () => {
    await Promise.all(Array.from({ length: AT_ONCE }, lookUp));
    return AT_ONCE;
  });
}

/** By a manager for which it is two days later. */
async function removeSome({ expiring }) {
  const begun = performance.now();
  const removed = await expiring.removeExpired(500);
  if (removed.length === 0) throw new Error('Sessions were to be removed.');
  return ((performance.now() - begun) * 1000) / removed.length;
}

const later = { ...systemClock, now: () => Date.now() + 2 * 24 * 3_600_000 };

const STORES = {
  async sqlite() {
    const folder = mkdtempSync(join(tmpdir(), 'session-init-bench-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'sessions.db');
    return {
      manager: sqliteSessionManager({ path }),
      expiring: sqliteSessionManager({ path, clock: later }),
      async bytesInUse() {
        const sizes = ['', '-wal'].map((end) => statSync(path + end, { throwIfNoEntry: false })?.size ?? 0);
        return sizes[0] + sizes[1];
      },
    };
  },
  async redis() {
    const url = await startRedis();
    const client = new Redis(url);
    return {
      manager: redisSessionManager({ url }),
      expiring: redisSessionManager({ url, timeFrom: 'clock', clock: later }),
      bytesInUse: async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))[1]),
    };
  },
  async postgres() {
    const server = await startPostgres('SELECT 1');
    const run = promisify(execFile);
    const schema = 'session_init';
    const size = `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
      JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = '${schema}' AND relkind IN ('r', 'p')`;
    return {
      manager: postgresSessionManager({ ...server, schema }),
      expiring: postgresSessionManager({ ...server, schema, timeFrom: 'clock', clock: later }),
      async bytesInUse() {
        const { stdout } = await run('psql', [
          '-h',
          server.host,
          '-U',
          server.user,
          '-d',
          server.database,
          '-Atc',
          size,
        ]);
        return Number(stdout);
      },
    };
  },
};
