import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/** A folder for the test file that calls this, removed when its tests are over. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Everything in a folder, so that two moments can be compared: names, modes, times and bytes. */
export function snapshotOf(folder: string): Record<string, unknown> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => {
      const path = join(folder, name);
      const { mode, mtimeMs, size } = statSync(path);
      const bytes = statSync(path).isFile() ? readFileSync(path).toString('base64') : '';
      return [name, { mode: mode.toString(8), mtimeMs, size, bytes }];
    }),
  );
}
