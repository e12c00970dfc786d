import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { root } from '../support/package-exports.js';

// A process takes its time zone when it starts, so the tests of times run again in one of their own.
test.each(['America/New_York', 'Pacific/Apia'])(
  'times are read and written alike in a process whose time zone is %s',
  (TZ) => {
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const jest = ['node_modules/jest/bin/jest.js', '--coverage=false', 'test/model/date-time.test.ts'];
    const { status, stderr } = spawnSync(process.execPath, [...flags, ...jest], {
      cwd: root,
      env: { ...process.env, TZ, NO_COLOR: '1' },
      encoding: 'utf8',
    });
    expect(stderr).toMatch(/^Tests: +\d+ passed, \d+ total$/m);
    expect(status).toBe(0);
  },
  120_000,
);
