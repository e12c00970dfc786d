import { formatDateTime, parseDateTime } from '../../../model/date-time.js';
import { BackendFaultError, DeadlineExceededError } from '../../../model/errors.js';
import { normalizeIpAddress } from '../../../model/ip-address.js';
import { FullAuthSession } from '../../../model/session.js';
import { runScript } from '../../redis-client/connection.js';
import type { RedisClient } from '../../redis-client/open-client.js';
import { isRefusal } from '../../redis-client/redis-fault.js';
import { hashedSecret } from './keys.js';
import type { RedisSessions } from './redis-sessions.js';
import { admissionArgs, type Surroundings } from './surroundings.js';

/** What a script tells of a session; of one that has gone meanwhile, its id alone. */
type DmodRecord = readonly [id: string, ipAddress?: string, user?: string, created?: string, lastAccessed?: string];

/**
 * Sessions in the keys of NOAA's DMOD, so that its services read what this package creates: `session:<id>`,
 * `all_session_secrets`, `all_users` (of each user the latest session) and `next_session_id`. What DMOD does not keep, such
 * as when a session ends, is kept beside them, under `prefix`.
 */
export function dmodSessions(around: Surroundings, prefix: string): RedisSessions {
  const { lifetime } = around;
  const own = ['ids', 'ends'].map((part) => `${prefix}:dmod:${part}`);
  const keys = ['next_session_id', ...own, 'all_session_secrets', 'all_users'];

  function run(client: RedisClient, name: string, args: readonly (string | number)[]): Promise<unknown> {
    return runScript(client, name, keys, [around.now(), around.node, 0, ...args]);
  }

  const timeText = () => formatDateTime(new Date(around.now()), 'dmod');

  function live(record: unknown): FullAuthSession | undefined {
    const session = record === null ? undefined : readRecord(record as DmodRecord);
    return session && lifetime.endsAt(Number(session.created), Number(session.last_accessed)) > around.now()
      ? session
      : undefined;
  }

  /** Asks for page after page until there are as many live sessions as wanted, or no more. */
  async function liveOnes(after: number, limit: number, pageOf: (after: number, size: number) => Promise<unknown>) {
    const sessions: FullAuthSession[] = [];
    for (let last = after; sessions.length < limit; ) {
      const wanted = limit - sessions.length;
      const page = (await pageOf(last, wanted)) as DmodRecord[];
      sessions.push(...page.map(live).filter((session) => session !== undefined));
      const end = page.at(-1);
      if (end === undefined || page.length < wanted) break;
      last = Number(end[0]);
    }
    return sessions;
  }

  return {
    async create(client, { user, ipAddress }, secret, call) {
      const admission = admissionArgs(around, around.now(), user, hashedSecret(secret));
      const args = [...admission, secret.reveal(), ipAddress, timeText()];
      try {
        const answer = await run(client, 'sessionInitCreate', args);
        const [outcome, record, evicted = []] = answer as [string, DmodRecord?, string[]?];
        if (outcome === 'limitReached') return { outcome };
        if (outcome === 'late') throw new DeadlineExceededError('A creation came to Redis when its time was over.');
        call.throwIfAborted();
        const session = record && readRecord(record);
        if (session === undefined) throw new BackendFaultError('Redis has answered a creation without a session.');
        return {
          outcome: 'created',
          session: new FullAuthSession({ ...session, session_secret: secret }),
          ...(evicted.length > 0 && { evicted: evicted.map(Number) }),
        };
      } catch (cause) {
        if (!isRefusal(cause)) around.inBackground(() => run(client, 'sessionInitAbandon', [secret.reveal()]));
        throw cause;
      }
    },

    findBySecret: async (client, secret) => live(await run(client, 'sessionInitFindBySecret', [secret.reveal()])),

    findById: async (client, id) => live(await run(client, 'sessionInitFindById', [id])),

    listOfUser: (client, user, after, limit) =>
      liveOnes(after, limit, (last, size) => run(client, 'sessionInitOfUser', [user, last, size])),

    listOfAll: (client, after, limit) =>
      liveOnes(after, limit, (last, size) => run(client, 'sessionInitOfAll', [last, size])),

    async refresh(client, id) {
      const session = live(await run(client, 'sessionInitFindById', [id]));
      if (session === undefined) return undefined;
      const ends = lifetime.endsAt(Number(session.created), around.now());
      return live(await run(client, 'sessionInitRefresh', [id, ends, timeText()]));
    },

    remove: async (client, id) => (await run(client, 'sessionInitRemove', [id])) === 1,

    async removeExpired(client, limit) {
      const records = (await run(client, 'sessionInitSweep', [limit])) as DmodRecord[];
      return records.map(readRecord).filter((session) => session !== undefined);
    },
  };
}

/** @throws BackendFaultError if it is there and makes no session */
function readRecord([id, ipAddress, user, createdText, lastAccessedText]: DmodRecord): FullAuthSession | undefined {
  if (user === undefined) return undefined;
  const [created, lastAccessed] = [createdText, lastAccessedText].map((text) => parseDateTime(String(text)));
  const address = normalizeIpAddress(String(ipAddress));
  if (created === undefined || lastAccessed === undefined || address === undefined) {
    throw new BackendFaultError(`What stands at session:${id} in Redis is no session of DMOD.`);
  }
  const times = { created, last_accessed: lastAccessed };
  return new FullAuthSession({ session_id: Number(id), ip_address: address, user, ...times });
}
