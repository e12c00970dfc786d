import { expect, test } from '@jest/globals';
import { shownPath } from '../../src/inspector/shown-path.js';
import type { PathStep } from '../../src/model/backend-path.js';

test('which backend said what goes to the page: what is known of it, and not more than a page can show', () => {
  const within = { backend: 'ldap', outcome: 'failed', cause: 'backend_fault', milliseconds: 3 } as const;
  const step: PathStep & { secret: string } = {
    ...{ backend: 'first of', outcome: 'authenticated', milliseconds: 5, path: [within] },
    secret: 'marked-user-secret-1',
  };
  expect(shownPath([step])).toEqual([
    { backend: 'first of', outcome: 'authenticated', milliseconds: 5, path: [within] },
  ]);
  expect(shownPath(Array.from({ length: 1_000 }, () => within))).toHaveLength(50);
  expect(shownPath([{ ...within, backend: 'x'.repeat(100_000) }])[0]?.backend.length).toBeLessThan(400);
  let deep: PathStep = { ...within };
  for (let depth = 0; depth < 100; depth++) deep = { ...within, path: [deep] };
  expect(JSON.stringify(shownPath([deep])).length).toBeLessThan(2_000);
});
