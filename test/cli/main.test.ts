import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { isSupported, quietSqliteWarning } from '../../src/cli/node-runtime.js';
import { ownCommand } from '../../src/cli/own-command.js';
import { runCommand } from '../support/command-line.js';
import { root } from '../support/package-exports.js';

describe('the command', () => {
  test.each([
    [[]],
    [['serve']],
    [['init']],
    [['user']],
    [['user', 'add']],
    [['user', 'passwd']],
    [['user', 'remove']],
    [['user', 'list']],
    [['session']],
    [['session', 'list']],
    [['session', 'revoke']],
    [['graph']],
  ])('%j --help: says what it does and what the exit codes mean', async (command) => {
    const { status, stdout, stderr } = await runCommand([...command, '--help']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: session-init/);
    expect(stdout).toMatch(/Exit codes:\n {2}0 {2}.*\n {2}1 {2}.*\n {2}2 {2}.*\n {2}3 {2}/);
    if (command.length === 1) expect(stdout).toContain('Examples:\n');
    expect(stdout).not.toMatch(/--(secret|password|user-secret) /);
  });

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
    expect(await runCommand(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([
    ['an unknown command', ['srve'], /unknown command 'srve'\n\(Did you mean serve\?\)/],
    ['no command', [], /Usage: session-init/],
    ['a command without its own', ['user'], /Usage: session-init user/],
    ['a missing argument', ['user', 'add'], /missing required argument 'name'/],
    ['an unknown flag', ['serve', '--prot', '1'], /unknown option '--prot'/],
  ])('exits with 2 for %s', async (_, args, expected) => {
    const { status, stdout, stderr } = await runCommand(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(expected);
  });

  test('survives a reader that goes away', async () => {
    const child = spawn('sh', [
      '-c',
      `"$0" "$1" serve --check-config | true`,
      process.execPath,
      join(root, 'dist/cli/main.js'),
    ]);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const status = await new Promise((resolve) => child.once('close', resolve));
    expect([status, stderr]).toEqual([0, '']);
  });
});

describe('the Node that runs it', () => {
  test.each([
    ['18.20.0', false],
    ['20.18.9', false],
    ['20.19.0', true],
    ['20.20.2', true],
    ['22.0.0', true],
    ['26.1.0', true],
  ])('%s is supported: %p', (version, expected) => {
    expect(isSupported(version)).toBe(expected);
  });

  describe('warns', () => {
    const before = process.listeners('warning');
    afterEach(() => {
      process.removeAllListeners('warning');
      for (const listener of before) process.on('warning', listener);
    });

    test('of everything but that its SQLite is experimental', () => {
      const shown = jest.fn();
      process.removeAllListeners('warning');
      process.on('warning', shown);
      quietSqliteWarning();
      const warning = (name: string, message: string) => Object.assign(new Error(message), { name });
      process.emit('warning', warning('ExperimentalWarning', 'SQLite is an experimental feature and might change'));
      expect(shown).not.toHaveBeenCalled();
      process.emit('warning', warning('ExperimentalWarning', 'localStorage is an experimental feature'));
      process.emit('warning', warning('DeprecationWarning', 'SQLite is old'));
      expect(shown).toHaveBeenCalledTimes(2);
    });
  });
});

describe('the command to try next', () => {
  test.each([
    ['/clone/dist/cli/main.js', '/clone', 'node dist/cli/main.js'],
    ['/app/node_modules/.bin/session-init', '/app', 'npx session-init'],
    ['/usr/local/bin/session-init', '/home/alice', 'session-init'],
  ])('of %s in %s is %s', (script, folder, expected) => {
    expect(ownCommand(script, folder)).toBe(expected);
  });
});
