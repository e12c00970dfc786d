import { expect, test } from '@jest/globals';
import { findAlike } from '../../src/server/find-alike.js';

const TYPES = ['users-file', 'ldap', 'sql', 'jwt', 'allow-all'];

test.each([
  ['letters that are swapped', 'lpad', 'ldap'],
  ['a letter too few', 'ldp', 'ldap'],
  ['a letter too many', 'ldaap', 'ldap'],
  ['another letter', 'user-file', 'users-file'],
  ['letters of another case', 'JWT', 'jwt'],
  ['another hyphen', 'allow_all', 'allow-all'],
  ['another word', 'redis', undefined],
  ['nothing', '', undefined],
  ['a word of one letter', 'x', undefined],
])('%s: %s', (_, name, meant) => {
  expect(findAlike(name, TYPES)).toBe(meant);
});

test('without a name that is known there is none', () => {
  expect(findAlike('ldap', [])).toBeUndefined();
});

test('a megabyte is like nothing, and that is known at once', () => {
  expect(findAlike('l'.repeat(2 ** 20), TYPES)).toBeUndefined();
});
