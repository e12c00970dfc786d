import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportedModules, root } from './package-exports.js';

/** A fenced block of code. */
export interface Snippet {
  /** The file that it stands in, relative to the root, and the line of its fence. */
  file: string;
  line: number;
  /** What follows the three backticks: the language, and anything else. */
  info: string;
  code: string;
}

/** The fenced blocks of a Markdown file, or of the doc comments of a TypeScript file. */
export function snippetsOf(file: string, text: string): Snippet[] {
  const markdown = file.endsWith('.ts') ? text.replace(/^.*$/gm, (line) => docCommentLine(line)) : text;
  return [...markdown.matchAll(/^(?<indent> *)```(?<info>[^\n`]*)\n(?<code>.*?)^\k<indent>```$/gms)].map((match) => ({
    file,
    line: markdown.slice(0, match.index).split('\n').length,
    info: match.groups?.['info']?.trim() ?? '',
    code: match.groups?.['code'] ?? '',
  }));
}

function docCommentLine(line: string): string {
  return /^ *\* ?(?<text>.*)$/.exec(line)?.groups?.['text'] ?? '';
}

/**
 * Type-checks each snippet as a module of its own, against `src` and by the options of `tsconfig.json`, as somebody
 * who pastes it into a file would.
 *
 * @returns the compiler's errors in the snippets, by the line of the file that they stand in
 */
export function typeErrors(snippets: readonly Snippet[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'session-init-snippets-'));
  try {
    for (const [index, { line, code }] of snippets.entries()) {
      // With as many lines above it as in its own file, the compiler names the right one.
      writeFileSync(join(folder, `snippet-${index}.ts`), '\n'.repeat(line) + code);
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig()));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const tsc = join(root, 'node_modules/@typescript/native/bin/tsc');
    const { stdout, stderr, status } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0 && !stdout.includes('error TS')) throw new Error(`tsc could not run: ${stdout}${stderr}`);
    const errors = [...stdout.matchAll(/^snippet-(\d+)\.ts\((\d+),\d+\): error (.*)$/gm)];
    return errors
      .sort(([, left], [, right]) => Number(left) - Number(right))
      .map(([, index, line, message]) => `${snippets[Number(index)]?.file}:${line} ${message}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function tsconfig(): object {
  return {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: {
      moduleDetection: 'force',
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: Object.fromEntries(exportedModules.map(({ specifier, source }) => [specifier, [join(root, source)]])),
    },
    include: ['*.ts'],
  };
}
