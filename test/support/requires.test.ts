import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { findCommand } from './requires.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the fixtures, two files in two workers, by the project's own configuration. */
function runFixtures(env: NodeJS.ProcessEnv): { status: number | null; stderr: string } {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const jest = ['node_modules/jest/bin/jest.js', '--testMatch', '**/test/support/fixtures/needs-missing-program-*.ts'];
  const { CI: _, ...rest } = process.env;
  return spawnSync(process.execPath, [...flags, ...jest, '--maxWorkers=2', '--coverage=false'], {
    cwd: root,
    env: { ...rest, NO_COLOR: '1', ...env },
    encoding: 'utf8',
  });
}

describe('tests that need a program which is not installed', () => {
  test('are skipped, and listed at the end with the command that installs it, from every worker', () => {
    const { status, stderr } = runFixtures({});
    expect(status).toBe(0);
    expect(stderr).toMatch(/Tests: +3 skipped, 1 passed, 4 total/);
    const list = stderr.slice(stderr.indexOf('Ran all test suites'));
    expect(list).toMatch(
      /^SKIPPED 3 tests in 2 files: session-init-missing-program is not installed\. To run them: apt-get install -y missing$/m,
    );
  }, 120_000);

  test('fail in CI, and say what to install', () => {
    const { status, stderr } = runFixtures({ CI: 'true' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/Tests: +2 failed, 1 passed, 3 total/);
    expect(stderr).toContain('in CI no test is skipped: apt-get install -y missing');
  }, 120_000);
});

test('a program is found by its absolute path, and in PATH', () => {
  expect(findCommand(process.execPath)).toBe(process.execPath);
  expect(findCommand('sh')).toMatch(/\/sh$/);
  expect(findCommand('session-init-missing-program')).toBeUndefined();
});
