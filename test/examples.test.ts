import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const examples = new URL('../examples/', import.meta.url);
const stories = readdirSync(examples, { withFileTypes: true }).filter((entry) => entry.isDirectory());

/** Each example checks itself, exits non-zero on a mismatch, and says at the end that it got there. */
test.each(stories.map(({ name }) => [name]))(
  'the example %s',
  async (name) => {
    if (!existsSync(new URL('../dist/index.js', import.meta.url))) throw new Error('Build first: npm run build');
    const main = new URL(`${name}/main.js`, examples);
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      main.pathname,
    ]);
    expect(stdout).toContain(`${name}: ok`);
  },
  30_000,
);
