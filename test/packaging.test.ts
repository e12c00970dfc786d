import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exportedModules, manifest, root } from './support/package-exports.js';

const optionalPeers = Object.keys(manifest.peerDependenciesMeta);

/** Runs a program to its end; a failure shows what it printed. */
function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error ?? stdout + stderr}`);
  return stdout;
}

describe('the package, packed and installed without its optional peers', () => {
  let folder: string;
  let packed: { filename: string; size: number; unpackedSize: number; files: { path: string }[] };
  const installedAt = () => join(folder, 'node_modules/session-init');
  const node = (...args: string[]) => run(process.execPath, args, folder);

  beforeAll(() => {
    if (!existsSync(join(root, 'dist/index.js'))) throw new Error('There is no dist: npm run build');
    folder = mkdtempSync(join(tmpdir(), 'session-init-packaging-'));
    const answer = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root));
    // npm 11 answers with a list, npm 12 with an object.
    [packed] = Object.values<typeof packed>(answer) as [typeof packed];
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional'];
    run('npm', ['install', ...quiet, `./${packed.filename}`, 'xstate@5'], folder);
    const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
    process.stdout.write(
      `${packed.filename}: ${kilobytes(packed.size)}, unpacked ${kilobytes(packed.unpackedSize)}, ${packed.files.length} files\n`,
    );
  }, 300_000);

  afterAll(() => rmSync(folder, { recursive: true }));

  test('has none of the optional peers to lean on', () => {
    const installed = readdirSync(join(folder, 'node_modules'), { recursive: true, encoding: 'utf8' });
    expect(optionalPeers.filter((peer) => installed.includes(peer))).toEqual([]);
    expect(installed).toContain('xstate');
  });

  test('holds what is built, the schemas and the papers, and nothing else', () => {
    const strays = packed.files.filter(
      ({ path }) => !/^(dist|schemas)\/|^(LICENSE|(README|CHANGELOG|SECURITY)\.md|package\.json)$/.test(path),
    );
    expect(strays).toEqual([]);
    expect(packed.files.map(({ path }) => path)).toEqual(expect.arrayContaining(['README.md', 'LICENSE']));
  });

  test('holds nothing whose source is gone', () => {
    const built = packed.files.map(({ path }) => path).filter((path) => path.startsWith('dist/'));
    const sources = built.map((path) => path.replace(/^dist\/(.+?)(\.d\.ts|\.js|\.js\.map)$/, 'src/$1.ts'));
    // The page of the inspector has files that are copied as they are.
    const named = sources.map((path) => path.replace(/^dist\/(.+\.(html|css|svg))$/, 'src/$1'));
    expect(named.filter((path) => !path.startsWith('src/') || !existsSync(join(root, path)))).toEqual([]);
  });

  test('has maps that carry the text of their sources', () => {
    const maps = packed.files.map(({ path }) => path).filter((path) => path.endsWith('.map'));
    const lacking = maps.filter((path) => {
      const { sources, sourcesContent } = JSON.parse(readFileSync(join(installedAt(), path), 'utf8'));
      return sourcesContent?.length !== sources.length || sourcesContent.includes(null);
    });
    expect(maps.length).toBeGreaterThan(0);
    expect(lacking).toEqual([]);
  });

  test.each(exportedModules)('$specifier: import() and require() give the same names', ({ specifier }) => {
    const imported = node('--input-type=module', '-e', `console.log(Object.keys(await import('${specifier}')).sort())`);
    const required = node('--input-type=commonjs', '-e', `console.log(Object.keys(require('${specifier}')).sort())`);
    expect(imported).toMatch(/\[\s*'\w+'/);
    expect(required.replace("'__esModule', ", '')).toBe(imported);
  });

  test('answers a request for a session', () => {
    const program = `
      import { allowAllAuthorizer, createSessionOrchestrator, memorySessionManager, staticAuthenticator } from 'session-init';
      const authenticator = staticAuthenticator({ users: { alice: 'marked-user-secret-1' } });
      const backends = { authenticator, authorizer: allowAllAuthorizer(), sessionManager: memorySessionManager() };
      const orchestrator = createSessionOrchestrator(backends);
      const message = { username: 'alice', user_secret: 'marked-user-secret-1' };
      console.log(await orchestrator.init(message, { ipAddress: '127.0.0.1' }));
      await orchestrator.drain();`;
    expect(node('--input-type=module', '-e', program)).toMatch(/success: true/);
  });

  test('exports its schemas and its package.json', () => {
    const schemas = readdirSync(join(root, 'schemas'));
    expect(schemas.length).toBeGreaterThan(0);
    for (const path of [...schemas.map((name) => `schemas/${name}`), 'package.json']) {
      expect(node('-p', `typeof require('session-init/${path}')`)).toBe('object\n');
    }
  });

  test('has types that need no package which it does not bring', () => {
    const imports = exportedModules.map(({ specifier }, index) => `export * as m${index} from '${specifier}';`);
    writeFileSync(join(folder, 'consumer.ts'), imports.join('\n'));
    const compilerOptions = { module: 'nodenext', target: 'es2023', strict: true, types: ['node'], noEmit: true };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    const types = join(folder, 'node_modules/@types');
    mkdirSync(types, { recursive: true });
    if (!existsSync(join(types, 'node'))) symlinkSync(join(root, 'node_modules/@types/node'), join(types, 'node'));
    const tsc = join(root, 'node_modules/@typescript/native/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  }, 60_000);

  test('has a command that runs', () => {
    expect(run(join(folder, 'node_modules/.bin/session-init'), ['--help'], folder)).toContain('session-init');
  });
});
