/*
 * A machine that is extended by a rule of one's own, tested with Node's own runner: every path through it is generated
 * from the machine, and played.
 *
 *   npm run build && node examples/testing-with-node-test/main.js
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const { NODE_TEST_CONTEXT: _, ...env } = process.env;
const { status, stdout } = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=tap', join(import.meta.dirname, 'office-hours.test.js')],
  { encoding: 'utf8', env },
);
assert.equal(status, 0, stdout);
assert.match(stdout, /^# pass 37$/m);
console.log('testing-with-node-test: ok');
