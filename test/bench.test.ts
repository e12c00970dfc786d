import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { root } from './support/package-exports.js';

function bench(...args: string[]) {
  return spawnSync(process.execPath, ['bench/main.mjs', ...args], { cwd: root, encoding: 'utf8' });
}

describe('npm run bench', () => {
  let folder: string;

  beforeAll(() => {
    if (!existsSync(join(root, 'dist/index.js'))) throw new Error('There is no dist: npm run build');
    folder = mkdtempSync(join(tmpdir(), 'session-init-bench-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('measures both sides of a case in one run, prints their ratio, and writes every round', () => {
    const file = join(folder, 'run.json');
    const { status, stdout, stderr } = bench('--quick', '--only', 'init', '--json', file);
    expect(stderr).toMatch(/^\[\d+ s\] init: done, load \d/m);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\| init +\| \d+(\.\d+)?x +\| .* \| sequential: session-init \/ by hand +\|/m);

    const [result] = JSON.parse(readFileSync(file, 'utf8')).cases;
    for (const workload of ['sequential', '64 concurrent']) {
      const sides = result.measurements.filter((one: { workload: string }) => one.workload === workload);
      expect(sides.map(({ variant }: { variant: string }) => variant)).toEqual(
        expect.arrayContaining(['by hand', 'session-init']),
      );
    }
    for (const { values } of result.measurements) {
      expect(values).toHaveLength(3);
      for (const value of values) expect(value).toBeGreaterThan(0);
    }

    const compared = bench('--quick', '--only', 'init', '--rounds', '1', '--compare', file);
    expect(compared.stdout).toMatch(
      /^\| init +\| sequential: session-init \/ by hand +\| [\d.]+x +\| [\d.]+x +\| -?\d+ %/m,
    );
  }, 120_000);

  test('says what is wrong with its options, before it measures anything', () => {
    const noRun = join(folder, 'no-run.json');
    writeFileSync(noRun, '{}');
    for (const [args, problem] of [
      [['--only', 'nope'], /no case 'nope'.*find-memory/],
      [['--rounds', '0'], /--rounds must be a positive whole number/],
      [['--fast'], /--fast/],
      [['--compare', noRun], /no-run\.json is no file that --json wrote/],
      [['--compare', join(folder, 'absent.json')], /absent\.json .*ENOENT/],
    ] as const) {
      const { status, stdout, stderr } = bench(...args);
      expect(stderr).toMatch(problem);
      expect([status, stdout]).toEqual([2, '']);
    }
  }, 60_000);

  test('fails if a case does', () => {
    const { status, stderr } = spawnSync(process.execPath, ['bench/main.mjs', '--quick', '--only', 'init'], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '--conditions=development' },
    });
    expect(stderr).toMatch(/`development` builds/);
    expect(stderr).toMatch(/^\[\d+ s\] init: The process of 'by hand' in case init ended too early\.$/m);
    expect(status).toBe(1);
  }, 60_000);
});

test('docs/benchmarks.md is not stale (else: npm run generate)', () => {
  const page = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8');
  // Generated in a process of its own: it is a script of the repository, and no part of what is built.
  const script = `import { benchmarkPage, readRuns } from './scripts/write-benchmarks.mjs';
    process.stdout.write(benchmarkPage(readRuns()));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stdout).toBe(page);
});
