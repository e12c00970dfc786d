import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { TERMINAL_STATES } from '../../src/machines/terminal-states.js';
import * as errors from '../../src/model/errors.js';
import { FAILURE_CODES } from '../../src/model/failure-reason.js';
import { root } from '../support/package-exports.js';

const {
  BackendFaultError,
  ClosedError,
  ConfigurationError,
  DeadlineExceededError,
  DefectError,
  MissingPackageError,
  OverloadedError,
  SessionInitError,
} = errors;

const cause = new Error('the cause');

describe.each([
  ['SessionInitError', 'any', SessionInitError, (options?: object) => new SessionInitError('any', 'what', options)],
  [
    'BackendFaultError',
    'backend_fault',
    BackendFaultError,
    (options?: object) => new BackendFaultError('what', options),
  ],
  ['OverloadedError', 'overloaded', OverloadedError, (options?: object) => new OverloadedError('what', options)],
  [
    'DeadlineExceededError',
    'deadline_exceeded',
    DeadlineExceededError,
    (options?: object) => new DeadlineExceededError('what', options),
  ],
  ['DefectError', 'defect', DefectError, (options?: object) => new DefectError('what', options)],
  [
    'ConfigurationError',
    'invalid_configuration',
    ConfigurationError,
    (options?: object) => new ConfigurationError('what', options),
  ],
] as const)('%s', (name, code, type, create) => {
  test('has its name, its code, its message, and a cause if there is one', () => {
    const error = create({ cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(SessionInitError);
    expect(error).toBeInstanceOf(type);
    expect([error.name, error.code, error.message, error.cause]).toEqual([name, code, 'what', cause]);
    expect(error.stack).toMatch(new RegExp(`^(${name}|Error): what\n`));
    expect('cause' in create()).toBe(false);
    expect('cause' in create({})).toBe(false);
    expect('cause' in create({ cause: undefined })).toBe(true);
  });
});

test('OverloadedError says when to retry: after a second, unless told', () => {
  expect(new OverloadedError('what').retryAfter).toBe(1);
  expect(new OverloadedError('what', { retryAfter: 7 }).retryAfter).toBe(7);
});

test('ConfigurationError lists its problems: by default its message', () => {
  expect(new ConfigurationError('what').problems).toEqual(['what']);
  expect(new ConfigurationError('what', { problems: ['a', 'b'] }).problems).toEqual(['a', 'b']);
});

test('ClosedError says what is closed', () => {
  const error = new ClosedError('The store', { cause });
  expect(error).toMatchObject({ name: 'ClosedError', code: 'closed', cause });
  expect(error.message).toBe('The store is closed and takes no more calls.');
});

test('MissingPackageError says how to install it', () => {
  const error = new MissingPackageError('libsql', 'The SQLite session manager', { cause });
  expect(error).toMatchObject({ name: 'MissingPackageError', code: 'missing_package', cause });
  expect(error.message).toBe('The SQLite session manager needs the package libsql: npm install libsql');
});

describe('docs/errors.md', () => {
  const document = readFileSync(`${root}docs/errors.md`, 'utf8');
  /** The cells of the table below a heading, the code marks of the first two columns taken off. */
  const rowsOf = (heading: string): string[][] => {
    const [, section = ''] = document.split(`## ${heading}\n`);
    const lines = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
    return lines.slice(2).map((line) =>
      line
        .slice(2, -2)
        .split(' | ')
        .map((cell, column) => (column < 2 ? cell.replaceAll('`', '') : cell)),
    );
  };

  test('has each failure code, with its reason and its meaning, and no other', () => {
    const reasons = new Map<string | undefined, string | undefined>(
      Object.values(TERMINAL_STATES).map(({ code, reason }) => [code, reason]),
    );
    expect(rowsOf('Failure codes').map(([code, reason, meaning]) => [code, reason, meaning])).toEqual(
      Object.entries(FAILURE_CODES).map(([code, meaning]) => [code, reasons.get(code) ?? 'OTHER', meaning]),
    );
  });

  test('has each class of error, with its code, and no other', () => {
    const made = Object.values(errors).map((type) => Reflect.construct(type, ['any']) as errors.SessionInitError);
    expect(Object.fromEntries(rowsOf('Errors').map(([name, code]) => [name, code]))).toEqual(
      Object.fromEntries(made.map(({ name, code }) => [name, code])),
    );
    expect(rowsOf('Errors')).toHaveLength(made.length);
  });

  test('says of each what to do', () => {
    for (const row of [...rowsOf('Failure codes'), ...rowsOf('Errors')]) {
      expect(row).toHaveLength(4);
      expect(row.every((cell) => cell.length > 2)).toBe(true);
    }
  });

  test('misses no code that some other file gives an error', () => {
    const files = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.ts'),
    );
    const makers = files.filter((path) =>
      /extends SessionInitError\b|new SessionInitError\(/.test(readFileSync(`${root}src/${path}`, 'utf8')),
    );
    expect(makers).toEqual(['model/errors.ts']);
  });
});
