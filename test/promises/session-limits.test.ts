import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { allowAllAuthorizer } from '../../src/adapters/authorizers/allow-all.js';
import type { SessionManager } from '../../src/adapters/ports.js';
import type { SessionLifetimeOptions } from '../../src/adapters/session-lifetime.js';
import { memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import { sqliteSessionManager } from '../../src/adapters/session-managers/sqlite.js';
import { FullAuthSession } from '../../src/model/session.js';
import { createSessionOrchestrator } from '../../src/orchestrator.js';

/*
 * P8, ASVS 7.1.2 and 15.4.2: a thousand inits for one user at once, from frame to store. The stores by themselves, and two
 * processes on one database, are in test/adapters/session-managers.
 */

const LIMIT = 5;
const INITS = 1_000;

const stores: Record<string, (options: SessionLifetimeOptions, folder: string) => SessionManager> = {
  memory: (options) => memorySessionManager(options),
  sqlite: (options, folder) => sqliteSessionManager({ ...options, path: join(folder, 'sessions.db') }),
};

/** What must be left after a thousand inits: how many got a session, and how many of these live. */
const policies = {
  allow: { established: INITS, live: INITS },
  evictOldest: { established: INITS, live: LIMIT },
  refuse: { established: LIMIT, live: LIMIT },
  reuse: { established: INITS, live: 1 },
} as const;

describe.each(Object.keys(stores))('P8: a thousand inits at once for one user, sessions in %s', (store) => {
  test.each(Object.entries(policies))(
    '%s',
    async (limitPolicy, expected) => {
      const folder = mkdtempSync(join(tmpdir(), 'session-limits-'));
      const options = { maxSessionsPerUser: LIMIT, limitPolicy: limitPolicy as keyof typeof policies };
      const orchestrator = createSessionOrchestrator({
        authenticator: {
          name: 'yes',
          authenticate: async ({ username }) => ({ outcome: 'authenticated', user: username }),
        },
        authorizer: allowAllAuthorizer(),
        sessionManager: (stores[store] as (typeof stores)[string])(options, folder),
        deadlines: { request: 100_000, admission: 100_000, session: 100_000 },
      });
      const evicted: number[] = [];
      orchestrator.on('session.ended', ({ sessionId, cause }) => {
        expect(cause).toBe('evicted');
        evicted.push(sessionId);
      });

      const responses = await Promise.all(
        Array.from({ length: INITS }, () =>
          orchestrator.init({ username: 'alice', user_secret: 'marked-user-secret-8' }, { ipAddress: '192.0.2.1' }),
        ),
      );
      const sessions = responses.flatMap(({ data }) => (data instanceof FullAuthSession ? [data] : []));
      expect(sessions).toHaveLength(expected.established);
      for (const { data } of responses) {
        if (!(data instanceof FullAuthSession)) expect(data).toMatchObject({ reason: 'OTHER', code: 'session_limit' });
      }
      // No two got the same secret; the secrets that open a session are those of the sessions that live.
      const secrets = sessions.map(({ session_secret }) => session_secret?.reveal() as string);
      expect(new Set(secrets).size).toBe(expected.established);
      const opened = await Promise.all(secrets.map((secret) => orchestrator.findBySecret(secret)));
      expect(opened.filter((session) => session !== undefined)).toHaveLength(expected.live);
      for (const [index, session] of opened.entries()) {
        if (session !== undefined) expect(session.session_id).toBe(sessions[index]?.session_id);
      }
      const live = await orchestrator.listByUser('alice');
      expect(live).toHaveLength(expected.live);
      // Each session that had to go was told of, once.
      const gone = limitPolicy === 'evictOldest' ? INITS - LIMIT : 0;
      expect(new Set(evicted).size).toBe(gone);
      expect(evicted).toHaveLength(gone);

      await orchestrator.close();
      rmSync(folder, { recursive: true });
    },
    120_000,
  );
});
