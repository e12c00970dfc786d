import { expect, test } from '@jest/globals';
import { visibleJson } from '../../src/cli/terminal.js';

test('JSON for a terminal has nothing invisible in it, and means the same', () => {
  const value = { reason: 'a\u009b31m b\u202e c\u2028 d\u200b e\u{e0001} f\u007f \u0000', user: 'Zoë Ω 😀' };
  const json = visibleJson(JSON.stringify(value));
  expect(json).toMatch(/^[\p{L}\p{S}\p{N}\p{P}\p{Zs}]*$/u);
  expect(json).toContain('Zoë Ω 😀');
  expect(JSON.parse(json)).toEqual(value);
});
