import { describe, expect, test } from '@jest/globals';
import { looksUnfinished, parseUsersFile } from '../../../src/adapters/users-file/users-file-content.js';
import { ConfigurationError } from '../../../src/model/errors.js';

const SHA = '{SHA}KevVEapnqgzTKE124FbHWU8Raxg=';
const APR1 = '$apr1$bHrrQc79$2pJn8pu/sA7RqaIr8UhiP1';
const MARKED = 'marked-user-secret-1';

function problemsOf(text: string, format: 'auto' | 'json' | 'htpasswd' = 'auto'): readonly string[] {
  try {
    parseUsersFile('/etc/users', text, format);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    expect(error.cause).toBeUndefined();
    return error.problems.map((problem) => problem.replace(/^\/etc\/users: /, ''));
  }
  return [];
}

function json(users: unknown): string {
  return JSON.stringify({ users });
}

describe('JSON', () => {
  test('gives users with their groups, in the order of the file', () => {
    const text = json({
      bob: { secret_hash: SHA },
      alice: { secret_hash: APR1, groups: ['ops', 'dev'], disabled: true },
      carol: { secret_hash: SHA, groups: [], disabled: false },
    });
    const { format, users } = parseUsersFile('users.json', text, 'auto');
    expect(format).toBe('json');
    expect([...users]).toEqual([
      ['bob', { hash: { scheme: 'sha1', encoded: SHA, weak: true }, groups: [], disabled: false }],
      ['alice', { hash: { scheme: 'apr1', encoded: APR1, weak: true }, groups: ['ops', 'dev'], disabled: true }],
      ['carol', { hash: { scheme: 'sha1', encoded: SHA, weak: true }, groups: [], disabled: false }],
    ]);
  });

  test('names of properties that every object has are names like any other', () => {
    const { users } = parseUsersFile(
      'u',
      json({ constructor: { secret_hash: SHA }, hasOwnProperty: { secret_hash: SHA } }),
      'auto',
    );
    expect([...users.keys()]).toEqual(['constructor', 'hasOwnProperty']);
    expect(problemsOf(`{"users": {"__proto__": {"secret_hash": "${SHA}"}}}`)).toEqual([
      'users.__proto__: the user name is reserved.',
    ]);
  });

  test('a schema may be named, and a file without users is one', () => {
    expect(parseUsersFile('u', '\ufeff {"$schema": "x", "users": {}}\r\n'.slice(1), 'auto').users.size).toBe(0);
  });

  test.each([
    ['no users', '{}', ['users: expected an object, user name to user.']],
    ['null', 'null', ['the file: Invalid input: expected object, received null.']],
    ['users as a list', '{"users": []}', ['users: expected an object, user name to user.']],
    [
      'a misspelt property',
      json({ a: { secret_hash: SHA, disbled: true } }),
      ['users.a: Unrecognized key: "disbled".'],
    ],
    ['no hash', json({ a: {} }), ['users.a.secret_hash: Invalid input: expected string, received undefined.']],
    ['a plain value', json({ a: MARKED }), ['users.a: Invalid input: expected object, received string.']],
    [
      'a number',
      json({ a: { secret_hash: 1 } }),
      ['users.a.secret_hash: Invalid input: expected string, received number.'],
    ],
    [
      'a group that is none',
      json({ a: { secret_hash: SHA, groups: ['x', 1, ''] } }),
      [
        'users.a.groups[1]: Invalid input: expected string, received number.',
        'users.a.groups[2]: Too small: expected string to have >=1 characters.',
      ],
    ],
    [
      'plain text',
      json({ 'a b': { secret_hash: MARKED } }),
      [expect.stringMatching(/^users\["a b"\]\.secret_hash is no hash/)],
    ],
    ['an empty name', json({ '': { secret_hash: SHA } }), ['users[""]: the user name must have 1 to 255 characters.']],
    [
      'a control character',
      json({ 'a\nb': { secret_hash: SHA } }),
      ['users["a\\nb"]: the user name has a control character.'],
    ],
    [
      'a lone surrogate',
      `{"users": {"\\ud800": {"secret_hash": "${SHA}"}}}`,
      [expect.stringContaining('is not well-formed')],
    ],
    [
      'a user twice',
      `{"users": {\n"a": {"secret_hash": "${SHA}"},\n"\\u0061": {"secret_hash": "${APR1}"}}}`,
      ['line 3: users.a is there for a second time. Keep one of them.'],
    ],
    [
      'a hash twice',
      `{"users": {"a": {"secret_hash": "${SHA}", "secret_hash": "${SHA}"}}}`,
      ['line 1: users.a.secret_hash is there for a second time. Keep one of them.'],
    ],
    ['an error in the syntax', `{"users":\n{"a": {"secret_hash": "${MARKED}" x`, ['line 2: this is not valid JSON.']],
    ['an error without a place', `{"users": ${MARKED}}`, ['this is not valid JSON.']],
    [
      'half of it',
      `{"users": {"a": {"secret_hash": "${SHA.slice(0, 9)}`,
      [expect.stringContaining('this is not valid JSON.')],
    ],
  ])('%s is refused', (_, text, problems) => {
    const found = problemsOf(text, 'json');
    expect(found).toEqual(problems);
    expect(found.join()).not.toContain(MARKED);
    expect(found.join()).not.toContain(SHA.slice(5, 15));
  });

  test('the same name in two objects, and in a string, is no duplicate', () => {
    const text = `{"users": {"a": {"groups": ["a", "a", "{\\"a\\":1,\\"a\\":2}"], "secret_hash": "${SHA}"}, "secret_hash": {"secret_hash": "${SHA}"}}}`;
    expect(problemsOf(text)).toEqual([]);
  });

  test('all problems are told at once; the message has the first five', () => {
    const users = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`u${index}`, { secret_hash: MARKED }]));
    expect(problemsOf(json(users))).toHaveLength(8);
    expect(() => parseUsersFile('/etc/users', json(users), 'auto')).toThrow(/u4.* And 3 more\.$/);
  });

  test('deep nesting and a megabyte of junk are refused like anything else', () => {
    expect(problemsOf(`{"users": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toHaveLength(1);
    expect(problemsOf(json({ a: { secret_hash: `$argon2id$${'x'.repeat(1e6)}` } }))).toHaveLength(1);
  });
});

describe('htpasswd', () => {
  test('gives users; comments, blank lines, CRLF and a trailing comment are left out', () => {
    const text = `# users\r\n\r\n  # more\r\nalice:${APR1}\r\nbob:${SHA}:Bob of ops\r\n constructor:${SHA} \r\n`;
    const { format, users } = parseUsersFile('u', text, 'auto');
    expect(format).toBe('htpasswd');
    expect([...users].map(([name, { hash, groups, disabled }]) => [name, hash.encoded, groups, disabled])).toEqual([
      ['alice', APR1, [], false],
      ['bob', SHA, [], false],
      ['constructor', SHA, [], false],
    ]);
  });

  test('a comment alone is a file without users', () => {
    expect(parseUsersFile('u', '# nobody\n', 'auto').users.size).toBe(0);
  });

  test.each([
    [
      'plain text',
      `alice:${SHA}\nbob:${MARKED}\n`,
      [expect.stringMatching(/^line 2: the hash is no hash of a known scheme; plain text/)],
    ],
    [
      'DES crypt',
      'bob:VBdvcUELT6u0k\n',
      [expect.stringMatching(/^line 1: the hash is a DES crypt hash or plain text/)],
    ],
    [
      'MD5 crypt',
      'bob:$1$abc$uAXS.Zj1ZDNcW9iX1TVH2/\n',
      [expect.stringMatching(/^line 1: the hash is an MD5 crypt hash/)],
    ],
    ['no hash', 'bob:\n', [expect.stringMatching(/^line 1: the hash is empty/)]],
    ['no colon', `# x\n\n${MARKED}\n`, ['line 3: there is no colon. A line is user:hash, or a comment after #.']],
    ['no name', `:${SHA}\n`, ['line 1: the user name must have 1 to 255 characters.']],
    ['a long name', `${'a'.repeat(256)}:${SHA}\n`, ['line 1: the user name must have 1 to 255 characters.']],
    ['__proto__', `__proto__:${SHA}\n`, ['line 1: the user name is reserved.']],
    ['a NUL', `a\0b:${SHA}\n`, ['line 1: the user name has a control character.']],
    [
      'a user twice',
      `bob:${SHA}\nalice:${SHA}\nbob:${APR1}\n`,
      ['line 3: this user is on line 1 already. Keep one of them.'],
    ],
    [
      'a user twice, first with a bad hash',
      `bob:${MARKED}\nbob:${SHA}\n`,
      [expect.stringMatching(/^line 1: the hash/), expect.stringMatching(/^line 2: this user is on line 1/)],
    ],
    [
      'a hash that was cut off',
      `bob:${APR1.slice(0, -3)}`,
      [expect.stringMatching(/^line 1: the hash is damaged or incomplete/)],
    ],
    ['nothing', '', ['it is empty. Without users, it is {"users": {}} or a comment.']],
    ['blanks', ' \n\n', ['it is empty. Without users, it is {"users": {}} or a comment.']],
  ])('%s is refused, with its line', (_, text, problems) => {
    const found = problemsOf(text);
    expect(found).toEqual(problems);
    expect(found.join()).not.toContain(MARKED);
  });

  test('the format can be told, against what the file looks like', () => {
    expect(problemsOf(`{a:${SHA}\n`, 'htpasswd')).toEqual([]);
    expect(problemsOf(`{a:${SHA}\n`)).toEqual([expect.stringContaining('not valid JSON')]);
    expect(problemsOf(`a:${SHA}\n`, 'json')).toEqual([expect.stringContaining('not valid JSON')]);
    expect(problemsOf('', 'json')).toEqual([expect.stringContaining('it is empty')]);
  });
});

test.each([
  ['', true],
  [' \n', true],
  ['{"users": {', true],
  ['{"users": {}}', false],
  ['{"users": {}}\n', false],
  [`a:${SHA}`, true],
  [`a:${SHA}\n`, false],
])('%j looks unfinished: %s', (text, unfinished) => {
  expect(looksUnfinished(text, 'auto')).toBe(unfinished);
});
