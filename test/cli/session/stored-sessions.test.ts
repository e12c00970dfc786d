import { expect, test } from '@jest/globals';
import { pagesOf } from '../../../src/cli/session/stored-sessions.js';
import { FullAuthSession, memorySessionManager, type SessionManager } from '../../../src/index.js';

/** A store with a session for every id, without an end. */
function endless() {
  const asked: unknown[] = [];
  const manager: SessionManager = {
    ...memorySessionManager(),
    async listByUser(user, { after = 0, limit = 1_000 } = {}) {
      asked.push({ user, after, limit });
      return Array.from(
        { length: limit },
        (_, index) =>
          new FullAuthSession({ session_id: after + index + 1, user: user ?? 'default', ip_address: '192.0.2.1' }),
      );
    },
  };
  return { manager, asked };
}

test('no page is asked for before the one before it is done with', async () => {
  const { manager, asked } = endless();
  let pages = 0;
  for await (const page of pagesOf(manager, {})) {
    pages += 1;
    expect(asked).toHaveLength(pages);
    expect(page).toHaveLength(1_000);
    if (pages === 100) break;
  }
  expect(asked).toHaveLength(100);
  expect(asked.at(-1)).toEqual({ user: undefined, after: 99_000, limit: 1_000 });
});

test('no more is asked for than is wanted, from where it is wanted', async () => {
  const { manager, asked } = endless();
  const ids: number[] = [];
  for await (const page of pagesOf(manager, { user: 'alice', after: 7, limit: 2_001 })) {
    ids.push(...page.map(({ session_id }) => session_id));
  }
  expect(ids).toEqual(Array.from({ length: 2_001 }, (_, index) => 8 + index));
  expect(asked).toEqual([
    { user: 'alice', after: 7, limit: 1_000 },
    { user: 'alice', after: 1_007, limit: 1_000 },
    { user: 'alice', after: 2_007, limit: 1 },
  ]);
});
