/*
 * A service that embeds session-init, tested with Jest: scripted backends, simulated time, and matchers.
 *
 *   npm run build && node examples/testing-with-jest/main.js
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const jest = join(createRequire(import.meta.url).resolve('jest/package.json'), '../bin/jest.js');
const { status, stderr } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    jest,
    '--config={ "transform": {}, "watchman": false, "testEnvironment": "node" }',
    `--rootDir=${import.meta.dirname}`,
    '--ci',
  ],
  { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' } },
);
assert.equal(status, 0, stderr);
assert.match(stderr, /Tests: +3 passed, 3 total/);
console.log('testing-with-jest: ok');
