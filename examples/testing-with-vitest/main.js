/*
 * An authenticator of one's own, tested with Vitest: the contract suite, and an orchestrator around it.
 *
 *   npm run build && node examples/testing-with-vitest/main.js
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const vitest = join(createRequire(import.meta.url).resolve('vitest/package.json'), '../vitest.mjs');
const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, 'run', '--root', import.meta.dirname], {
  encoding: 'utf8',
  env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
});
assert.equal(status, 0, stdout + stderr);
assert.match(stdout, /Tests +15 passed \(15\)/);
console.log('testing-with-vitest: ok');
