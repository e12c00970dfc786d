import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { TERMINAL_STATES } from '../src/machines/terminal-states.js';
import { root } from './support/package-exports.js';

const readme = readFileSync(`${root}README.md`, 'utf8');

test("the README's table of terminal states is the machine's", () => {
  const rows = [...readme.matchAll(/^\| `(\w+)` \| (?:`([A-Z_]+)`|none)/gm)].map(([, state, reason]) => [
    state,
    reason,
  ]);
  expect(rows).toEqual(Object.entries(TERMINAL_STATES).map(([state, { reason }]) => [state, reason]));
});

test('every file that the README links to is there', () => {
  for (const [, link = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
    expect(() => readFileSync(root + link)).not.toThrow();
  }
});
