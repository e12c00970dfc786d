import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { FAILURE_CODES, FAILURE_REASONS, readFailureReason } from '../../src/model/failure-reason.js';
import { root } from '../support/package-exports.js';

test('there are the nine reasons of the seed, in its order', () => {
  expect(FAILURE_REASONS).toEqual([
    'AUTHENTICATION_SYS_FAIL',
    'AUTHENTICATION_DENIED',
    'USER_NOT_AUTHORIZED',
    'AUTH_ATTEMPT_TIMEOUT',
    'REQUEST_TIMED_OUT',
    'SESSION_DETAILS_MISSING',
    'SESSION_MANAGER_FAIL',
    'OTHER',
    'UNKNOWN',
  ]);
});

test.each(FAILURE_REASONS)('%s is read by name in any letter case', (reason) => {
  expect(readFailureReason(reason)).toBe(reason);
  expect(readFailureReason(reason.toLowerCase())).toBe(reason);
  expect(readFailureReason(reason.charAt(0) + reason.slice(1).toLowerCase())).toBe(reason);
});

test.each([undefined, null, -1])('%p reads as UNKNOWN', (value) => {
  expect(readFailureReason(value)).toBe('UNKNOWN');
});

test.each<unknown>([
  '',
  ' UNKNOWN',
  'UNKNOWN ',
  'UNKNOWN\n',
  'UNKNOWNS',
  'XUNKNOWN',
  'OTHERUNKNOWN',
  'OTHER|UNKNOWN',
  'SessionInitFailureReason.UNKNOWN',
  'AUTHENTıCATION_DENIED',
  'AUTHENTİCATION_DENIED',
  'SEſſION_MANAGER_FAIL',
  'UN\u212aNOWN',
  '-1',
  'constructor',
  '__proto__',
  0,
  1,
  2,
  8,
  -1.5,
  true,
  false,
  [],
  ['UNKNOWN'],
  {},
  { toString: 'UNKNOWN' },
  'OTHER'.repeat(2_000_000),
])('%.40j names no reason', (value) => {
  expect(readFailureReason(value)).toBeUndefined();
});

const sources = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('failure-reason.ts'))
  .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
  .join('\n');

test.each(Object.keys(FAILURE_CODES))('the code %s is given by some part', (code) => {
  expect(sources).toMatch(new RegExp(`(['"])${code}\\1`));
});

test('every code that some part gives is documented', () => {
  const given = [...sources.matchAll(/\bcode: (['"])([a-z_]+)\1/g)]
    .map(([, , code]) => code)
    // It is zod's own, of an issue with the configuration.
    .filter((code) => code !== 'custom');
  expect(given.length).toBeGreaterThan(10);
  expect(Object.keys(FAILURE_CODES)).toEqual(expect.arrayContaining(given));
});
