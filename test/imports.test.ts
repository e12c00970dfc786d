import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('..', import.meta.url));

/** One break of each rule: the file that breaks it, and its text. `src/model/a.ts` and the like are there too. */
const PLANTED: Record<string, [path: string, text: string]> = {
  model: ['src/model/imports-ports.ts', "import '../adapters/ports.js';"],
  ports: ['src/adapters/ports.ts', "import type {} from '../machines/a.js';\nexport {};"],
  'adapters-shared': ['src/adapters/session-secret.ts', "import '../machines/a.js';"],
  adapters: ['src/adapters/authorizers/groups.ts', "import './allow-all.js';"],
  'adapters-rooms': ['src/adapters/users-file/watch.ts', "import '../authorizers/allow-all.js';"],
  machines: ['src/machines/imports-orchestrator.ts', "import '../orchestrator.js';"],
  orchestrator: ['src/orchestrator.ts', "import './adapters/authorizers/allow-all.js';"],
  core: ['src/index.ts', "import './adapters/session-managers/sqlite.js';"],
  transports: ['src/transports/websocket.ts', "import '../orchestration/queue.js';"],
  client: ['src/client/index.ts', "import '../machines/a.js';"],
  graph: ['src/graph/index.ts', "import '../orchestrator.js';"],
  inspector: ['src/inspector/index.ts', "import '../cli/main.js';"],
  page: ['src/inspector/page/main.ts', "import '../../index.js';"],
  testing: ['src/testing/index.ts', "import '../orchestrator.js';"],
  server: ['src/server/index.ts', "import '../cli/main.js';"],
  cli: ['src/cli/main.ts', "import '../machines/a.js';"],
  'unknown-layer': ['src/helpers.ts', "import './model/a.js';"],
  circular: ['src/model/about.ts', "import './round.js';"],
  orphan: ['src/model/orphan.ts', 'export {};'],
  unresolvable: ['src/model/unresolvable.ts', "import './absent.js';"],
  'undeclared-package': ['src/model/dev-package.ts', "import 'development-only';"],
  'static-optional-peer': ['src/adapters/session-managers/sqlite.ts', "import 'libsql';"],
  'browser-safe': ['src/model/of-node.ts', "import '../model/indirectly-of-node.js';"],
};

const SOUND: Record<string, string> = {
  'src/model/a.ts': "export const a = 1;\nimport type {} from 'development-only';",
  'src/model/round.ts': "import './about.js';",
  'src/model/indirectly-of-node.ts': "import { join } from 'node:path';\nexport { join };",
  'src/machines/a.ts': "import '../model/a.js';",
  'src/orchestration/queue.ts': "import '../model/a.js';",
  'src/adapters/authorizers/allow-all.ts': "import '../../model/a.js';\nimport '../http-client/http-client.js';",
  'src/adapters/authenticators/users-file.ts': "import '../users-file/lines.js';",
  'src/adapters/users-file/lines.ts':
    "import '../session-secret.js';\nimport '../password-hashes/hash.js';\nexport const load = (): Promise<typeof import('libsql')> => import('libsql');",
  'src/adapters/password-hashes/hash.ts': "import '../../model/a.js';",
  'src/adapters/http-client/http-client.ts': "import '../ports.js';",
  'src/adapters/session-managers/memory.ts': "import './memory/index-by-user.js';",
  'src/adapters/session-managers/memory/index-by-user.ts': "import '../../../model/a.js';",
  'package.json': JSON.stringify({
    devDependencies: { 'development-only': '1.0.0', libsql: '1.0.0' },
    peerDependencies: { libsql: '1.0.0' },
  }),
  'node_modules/development-only/package.json': '{ "name": "development-only", "version": "1.0.0" }',
  'node_modules/development-only/index.js': '',
  'node_modules/libsql/package.json': '{ "name": "libsql", "version": "1.0.0" }',
  'node_modules/libsql/index.js': '',
};

interface Violation {
  from: string;
  rule: { name: string };
}

function cruise(cwd: string): Violation[] {
  const args = ['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.mjs'];
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...args.map((arg) => (arg.startsWith('--') ? arg : join(root, arg))), '--output-type', 'json', 'src'],
    { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout).summary.violations;
}

describe('the rule of one-way imports', () => {
  let folder: string;
  let violations: Violation[];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'session-init-imports-'));
    for (const [path, text] of [...Object.entries(SOUND), ...Object.values(PLANTED)]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    violations = cruise(folder);
  }, 120_000);

  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(Object.entries(PLANTED))('%s: finds the break that is planted', (rule, [path]) => {
    expect(violations.filter(({ from }) => from === path).map((violation) => violation.rule.name)).toContain(rule);
  });

  test('finds nothing in files that keep it', () => {
    // It breaks the rule itself, for a break of another file to show.
    const { 'src/model/indirectly-of-node.ts': _, ...sound } = SOUND;
    expect(violations.filter(({ from }) => from in sound)).toEqual([]);
  });

  test('has no rule of which no break is planted', async () => {
    const { default: config } = await import('../.dependency-cruiser.mjs' as string);
    expect(config.forbidden.map(({ name }: { name: string }) => name).sort()).toEqual(Object.keys(PLANTED).sort());
  });
});
