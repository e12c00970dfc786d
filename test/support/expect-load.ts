import { setTimeout as wait } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import type { InitLoad } from './init-load.js';

/**
 * Every init was answered, either by a session or by `SESSION_MANAGER_FAIL`. The session manager itself has said why, in
 * its own time: an init that had to give it up has no cause.
 */
export function expectAnsweredInTime({ answers }: InitLoad): void {
  for (const { user, session, reason, cause } of answers) {
    if (session !== undefined) expect(session.user).toBe(user);
    else {
      expect({ reason, cause }).toEqual({ reason: 'SESSION_MANAGER_FAIL', cause: expect.any(Error) });
      expect(cause).toMatchObject({ code: expect.stringMatching(/^(backend_fault|deadline_exceeded)$/) });
    }
  }
}

/**
 * The sessions that there are at last are those that were granted: of an init that failed there is none.
 *
 * @returns those that were granted, and are lost
 */
export async function lostSessions(manager: SessionManager, load: InitLoad): Promise<InitLoad['granted']> {
  const granted = new Set(load.granted.map(({ session }) => session.id));
  expect(granted.size).toBe(load.granted.length);
  for (;;) {
    const live = await manager.listByUser(undefined, { limit: 1_000_000 });
    if (live.every(({ session_id }) => granted.has(session_id))) break;
    await wait(100);
  }
  const found = await Promise.all(load.granted.map(({ session }) => manager.findBySecret(session.secret)));
  return load.granted.filter(({ user, session }, i) => {
    const opened = found[i];
    if (opened === undefined) return true;
    expect([opened.session_id, opened.user]).toEqual([session.id, user]);
    return false;
  });
}
