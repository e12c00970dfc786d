import { type Clock, systemClock } from '../../model/clock.js';
import { ClosedError } from '../../model/errors.js';
import type { FullAuthSession } from '../../model/session.js';
import type { SessionManager } from '../ports.js';
import { afterId, isSessionId, itemCount, requireUser } from '../session-arguments.js';
import { SessionLifetime, type SessionLifetimeOptions } from '../session-lifetime.js';
import { hashSessionSecret, newSessionSecret } from '../session-secret.js';
import { sessionTime } from '../session-time.js';
import { SessionTable } from './memory/session-table.js';

/** Options of {@link memorySessionManager}. */
export interface MemorySessionManagerOptions extends SessionLifetimeOptions {
  /** Where all time comes from. @defaultValue the machine's own clock */
  clock?: Clock;
}

/**
 * Keeps the sessions in the memory of this process: they end with it, and no other process knows them. A session takes
 * less than 200 bytes; a look-up among a million takes less than twice as long as among a thousand.
 *
 * Time-outs go by `sessionTime`: by the wall clock, except that it never goes back. The orchestrator calls
 * `removeExpired`; who uses this alone must, or what has expired stays in memory, though it is never returned.
 * No call waits for anything, so none heeds a signal.
 *
 * @throws ConfigurationError if a number is not a positive integer, or there is no such policy
 */
export function memorySessionManager(options: MemorySessionManagerOptions = {}): SessionManager {
  const lifetime = new SessionLifetime(options, ['clock']);
  const { now } = sessionTime(options.clock ?? systemClock);
  let table: SessionTable | undefined = new SessionTable();

  function open(): SessionTable {
    if (table === undefined) throw new ClosedError('The memory session manager');
    return table;
  }

  function isLive(sessions: SessionTable, row: number): boolean {
    return row !== 0 && now() < lifetime.endsAt(sessions.created(row), sessions.lastAccessed(row));
  }

  function liveRowsOf(sessions: SessionTable, user: string): number[] {
    return [...sessions.rowsOf(user)].filter((row) => isLive(sessions, row));
  }

  function evictOldest(sessions: SessionTable, user: string): number[] {
    const rows = [...sessions.rowsOf(user)];
    if (rows.length < lifetime.maxSessionsPerUser) return [];
    const live = rows.filter((row) => isLive(sessions, row));
    const oldest = live.slice(0, Math.max(0, live.length - lifetime.maxSessionsPerUser + 1));
    const evicted = oldest.map((row) => sessions.id(row));
    for (const row of oldest) sessions.delete(row);
    return evicted;
  }

  function expiredRow(sessions: SessionTable): number {
    // Both orders are exact, since time never goes back: if the first of neither has ended, none has.
    const candidates = [sessions.leastRecentlyUsed, sessions.nextById(0)];
    return candidates.find((row) => row !== 0 && !isLive(sessions, row)) ?? 0;
  }

  return {
    name: 'memory',

    async create(request) {
      const sessions = open();
      const { user, ipAddress } = request;
      requireUser(user);
      const secret = newSessionSecret();
      const hash = hashSessionSecret(secret);
      if (lifetime.limitPolicy === 'reuse') {
        const latest = liveRowsOf(sessions, user).at(-1);
        if (latest !== undefined) {
          sessions.rekey(latest, hash, ipAddress);
          sessions.touch(latest, now());
          return { outcome: 'created', session: sessions.read(latest, secret) };
        }
      }
      if (lifetime.limitPolicy === 'refuse' && liveRowsOf(sessions, user).length >= lifetime.maxSessionsPerUser) {
        return { outcome: 'limitReached' };
      }
      const evicted = lifetime.limitPolicy === 'evictOldest' ? evictOldest(sessions, user) : [];
      const session = sessions.read(sessions.insert(request, hash, now()), secret);
      return { outcome: 'created', session, ...(evicted.length > 0 && { evicted }) };
    },

    async findBySecret(secret) {
      const sessions = open();
      const row = sessions.findByHash(hashSessionSecret(secret));
      return isLive(sessions, row) ? sessions.read(row) : undefined;
    },

    async findById(sessionId) {
      const sessions = open();
      const row = isSessionId(sessionId) ? sessions.findById(sessionId) : 0;
      return isLive(sessions, row) ? sessions.read(row) : undefined;
    },

    async listByUser(user, page) {
      const sessions = open();
      const limit = itemCount(page?.limit ?? 1000);
      const after = afterId(page?.after);
      const rows = user === undefined ? rowsAfter(sessions, after) : sessions.rowsOf(user);
      const listed: FullAuthSession[] = [];
      for (const row of rows) {
        if (listed.length >= limit) break;
        if (sessions.id(row) > after && isLive(sessions, row)) listed.push(sessions.read(row));
      }
      return listed;
    },

    async refresh(sessionId) {
      const sessions = open();
      const row = isSessionId(sessionId) ? sessions.findById(sessionId) : 0;
      if (!isLive(sessions, row)) return undefined;
      sessions.touch(row, now());
      return sessions.read(row);
    },

    async remove(sessionId) {
      const sessions = open();
      const row = isSessionId(sessionId) ? sessions.findById(sessionId) : 0;
      if (row !== 0) sessions.delete(row);
      return row !== 0;
    },

    async removeExpired(limit) {
      const sessions = open();
      const removed: FullAuthSession[] = [];
      while (removed.length < itemCount(limit)) {
        const row = expiredRow(sessions);
        if (row === 0) break;
        removed.push(sessions.read(row));
        sessions.delete(row);
      }
      return removed;
    },

    async close() {
      table = undefined;
    },
  };
}

function* rowsAfter(sessions: SessionTable, id: number): Generator<number, void> {
  for (let row = sessions.nextById(id); row !== 0; row = sessions.nextById(sessions.id(row))) yield row;
}
