import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { root } from './support/package-exports.js';
import { type Snippet, snippetsOf, typeErrors } from './support/snippets.js';

/** The Markdown files of the root and of `docs`, and the doc comments of `src`. */
function documentedFiles(): string[] {
  const below = (folder: string) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  return [
    ...readdirSync(root).filter((name) => name.endsWith('.md')),
    ...below('docs').filter((path) => path.endsWith('.md') && !path.startsWith('docs/api/')),
    ...below('src').filter((path) => path.endsWith('.ts')),
  ];
}

const FENCE = '```';
const PLANTED = snippetsOf(
  'planted.md',
  `A secret is no string:

${FENCE}ts
import { Secret } from 'session-init';

const secret: string = new Secret('marked-user-secret-1');
${FENCE}

* Of a list, and of an entry that does not exist:

  ${FENCE}ts
  await import('session-init/adapters/absent');
  ${FENCE}

${FENCE}ts
import { Secret } from 'session-init';

console.log(new Secret('marked-user-secret-1').reveal().length, process.version);
${FENCE}
`,
);

const IN_A_COMMENT = snippetsOf(
  'planted.ts',
  `/**
 * Adds one.
 *
 * @example
 * ${FENCE}ts
 * const two: number = 1 + '1';
 * ${FENCE}
 */
export const unrelated: number = 'not in a comment';
`,
);

describe('the snippets in README, docs and doc comments', () => {
  let snippets: Snippet[];
  let errors: string[];

  beforeAll(() => {
    snippets = documentedFiles().flatMap((file) => snippetsOf(file, readFileSync(join(root, file), 'utf8')));
    errors = typeErrors([...snippets.filter(({ info }) => info === 'ts'), ...PLANTED, ...IN_A_COMMENT]);
  }, 120_000);

  test('compile, each as a module of its own', () => {
    expect(errors.filter((error) => !error.startsWith('planted.'))).toEqual([]);
  });

  test('are all checked: code that a reader would paste is marked `ts` and nothing else', () => {
    const code = snippets.filter(({ info }) => /^(ts|js|mts|mjs|cts|cjs|typescript|javascript)\b/i.test(info));
    expect(code.filter(({ info }) => info !== 'ts').map(({ file, line, info }) => `${file}:${line} ${info}`)).toEqual(
      [],
    );
  });

  test('do not pass if they are wrong, and the line of the mistake is named', () => {
    expect(errors.filter((error) => error.startsWith('planted.'))).toEqual([
      expect.stringMatching(/^planted\.md:6 TS2322: .*'Secret'.*'string'/),
      expect.stringMatching(/^planted\.md:12 TS2307: .*'session-init\/adapters\/absent'/),
      expect.stringMatching(/^planted\.ts:6 TS2322: .*'string'.*'number'/),
    ]);
  });
});
