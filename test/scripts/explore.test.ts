import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const COMMAND = fileURLToPath(new URL('../../scripts/explore.mjs', import.meta.url));

function explore(...args: string[]) {
  return spawnSync(process.execPath, [COMMAND, ...args], { encoding: 'utf8' });
}

describe('npm run explore', () => {
  test('tells how many schedules there were, how many a second, and its seed', () => {
    const { status, stdout, stderr } = explore('--runs', '20', '--seed', '7');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^20 schedules in \d+\.\d s, \d+ a second, seed 7\n/);
    expect(stdout).toMatch(/\nEvery promise held\.\n$/);
  });

  test('writes one line of JSON when asked', () => {
    const { stdout } = explore('--replay', 'init alice; time passes 500 ms', '--json');
    expect(stdout.split('\n')).toHaveLength(2);
    expect(JSON.parse(stdout)).toMatchObject({ runs: 1, states: { authAttemptTimedOut: 1 } });
  });

  test.each([
    ['random ones', ['--runs', '600', '--seed', '7']],
    ['all within bounds', ['--exhaustive', '--inits', '1', '--deviations', '1']],
  ])(
    'comes to the same on any number of processes: %s',
    (_, options) => {
      const [one, three] = ['1', '3'].map((workers) => {
        const { stdout } = explore(...options, '--workers', workers, '--json');
        const { runs, states, broken } = JSON.parse(stdout);
        return { runs, states, broken };
      });
      expect(three).toEqual(one);
      expect(one?.broken).toBeUndefined();
    },
    60_000,
  );

  test.each([
    [['--runs', 'many'], "--runs is a whole number, and not 'many'."],
    [['--engine', 'steam'], '--engine is compiled or actor'],
    [['--replay', 'alice sings'], "'alice sings' is no sentence of a script."],
    [['--workers', '0'], '--workers is 1 or more.'],
    [['--loud'], "Unknown option '--loud'"],
  ])('says what was expected in place of %j', (args, message) => {
    const { status, stdout, stderr } = explore(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
