/*
 * Runs the tests of the machines against other releases of XState than the installed one:
 *
 *   node scripts/test-with-xstate.mjs                   the lowest and the highest of the peer range
 *   node scripts/test-with-xstate.mjs 5.33.1            this one
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TESTS = [
  'test/machines',
  'test/promises/races',
  'test/orchestrator.test.ts',
  'test/testing/session-init-paths.test.ts',
];

const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const lowest = peerDependencies.xstate.replace('^', '');
const asked = process.argv.slice(2);

const tested = new Set();
const folder = mkdtempSync(join(tmpdir(), 'session-init-xstate-'));
let failed = 0;
try {
  for (const version of asked.length > 0 ? asked : [lowest, peerDependencies.xstate]) failed += test(version) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed > 0 ? 1 : 0;

function test(version) {
  const prefix = join(folder, version.replace('^', 'newest-'));
  execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', prefix, `xstate@${version}`]);
  const installed = join(prefix, 'node_modules/xstate');
  const { version: release } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  if (tested.has(release)) return true;
  tested.add(release);
  process.stdout.write(`XState ${release}\n`);
  const { status } = spawnSync('npm', ['test', '--ignore-scripts', '--', ...TESTS], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, XSTATE_FOLDER: installed },
  });
  return status === 0;
}
