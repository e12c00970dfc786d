import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';

const { peerDependenciesMeta } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const optionalPeers = Object.keys(peerDependenciesMeta).join('|');
const builtins = builtinModules.filter((name) => !name.startsWith('_')).join('|');

const SHARED = '^src/adapters/((?!ports)[^/]+|session-managers/store-time)\\.ts$';
/** The folders of `adapters/` that its adapters share, as they do the files that stand in it. */
const SHARED_ROOMS =
  '^src/adapters/(http-client|password-hashes|postgres-client|redis-client|sql-sessions|sqlite-driver|tokens)/';
const KINDS = 'authenticators|authorizers|session-managers';

/**
 * What each part of `src` may import of `src`, beside its own files. Imports point one way: no row names a part that
 * stands below it. `apart`: not even its own files, but for those that `imports` names.
 */
const layers = {
  model: { path: '^src/model/', imports: [] },
  ports: { path: '^src/adapters/ports\\.ts$', imports: ['^src/model/'] },
  // The files that stand in `adapters/` itself, such as `session-secret.ts`, are what its adapters share.
  'adapters-shared': { path: SHARED, imports: ['^src/model/', '^src/adapters/ports\\.ts$', SHARED] },
  adapters: {
    apart: true,
    path: `^src/adapters/(${KINDS})/([^/.]+)[/.]`,
    // One adapter is `kind/name.ts` and, if it needs more room, the files of `kind/name/` or of `name/`.
    imports: ['^src/model/', '^src/adapters/ports\\.ts$', SHARED, SHARED_ROOMS, '^src/adapters/($1/)?$2[/.]'],
  },
  'adapters-rooms': {
    apart: true,
    path: `^src/adapters/(?!(?:${KINDS})/)([^/]+)/`,
    imports: ['^src/model/', '^src/adapters/ports\\.ts$', SHARED, SHARED_ROOMS, '^src/adapters/$1/'],
  },
  machines: { path: '^src/machines/', imports: ['^src/model/', '^src/adapters/(ports|read-outcome)\\.ts$'] },
  orchestrator: {
    path: '^src/orchestrat(ion/|or\\.ts$)',
    imports: ['^src/model/', '^src/adapters/ports\\.ts$', SHARED, '^src/machines/'],
  },
  core: {
    path: '^src/index\\.ts$',
    imports: [
      '^src/(model|machines|orchestration)/',
      '^src/orchestrator\\.ts$',
      '^src/adapters/ports\\.ts$',
      SHARED,
      '^src/adapters/(authenticators/static|authorizers/[^/]+|session-managers/memory)\\.ts$',
    ],
  },
  transports: {
    path: '^src/transports/',
    imports: ['^src/model/', '^src/adapters/ports\\.ts$', '^src/machines/', '^src/orchestrator\\.ts$'],
  },
  client: { path: '^src/client/', imports: ['^src/model/', '^src/machines/client'] },
  testing: { path: '^src/testing/', imports: ['^src/index\\.ts$', '^src/model/', '^src/adapters/ports\\.ts$'] },
  graph: { path: '^src/graph/', imports: ['^src/(model|machines)/'] },
  inspector: {
    path: '^src/inspector/(?!page/)',
    imports: [
      '^src/(model|graph|transports)/',
      '^src/index\\.ts$',
      // How a cause is told is the same in the log and on the page.
      '^src/server/logging/(describe-cause|printable)\\.ts$',
    ],
  },
  // It runs in a browser: what it imports beyond its own folder is served to it by name.
  page: {
    path: '^src/inspector/page/',
    imports: ['^src/inspector/(protocol|recorded-init)\\.ts$', '^src/graph/svg-path\\.ts$'],
  },
  server: {
    path: '^src/server/',
    imports: ['^src/(model|adapters|transports|inspector)/', '^src/(index|orchestrator)\\.ts$'],
  },
  cli: { path: '^src/cli/', imports: ['^src/(model|adapters|server|client|graph|inspector)/', '^src/index\\.ts$'] },
};

const browserSafe = '^src/(model/|client/|machines/client|inspector/page/)';

export default {
  forbidden: [
    ...Object.entries(layers).map(([name, { path, imports, apart = false }]) => ({
      name,
      severity: 'error',
      comment: `What ${path} may import of src is in the table of .dependency-cruiser.mjs.`,
      from: { path },
      to: { path: '^src/', pathNot: apart ? imports : [path, ...imports] },
    })),
    {
      name: 'unknown-layer',
      severity: 'error',
      comment: 'Every file of src belongs to a row of the table in .dependency-cruiser.mjs.',
      from: { path: '^src/', pathNot: Object.values(layers).map(({ path }) => path) },
      to: {},
    },
    {
      name: 'circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'orphan',
      severity: 'error',
      comment: 'Nothing imports it and it imports nothing: delete it, or use it.',
      from: { orphan: true, pathNot: '\\.d\\.ts$' },
      to: {},
    },
    {
      name: 'unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'undeclared-package',
      severity: 'error',
      comment: 'A package that src imports is in dependencies or peerDependencies.',
      from: {},
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer', 'type-only', 'type-import'],
      },
    },
    {
      name: 'static-optional-peer',
      severity: 'error',
      comment: 'An optional peer is loaded by a dynamic import, when it is first needed.',
      from: {},
      to: {
        path: `node_modules/(${optionalPeers})/`,
        dynamic: false,
        dependencyTypesNot: ['type-only', 'type-import'],
      },
    },
    {
      name: 'browser-safe',
      severity: 'error',
      comment: 'The model and the client run in a browser: nothing that they reach is of Node.',
      from: { path: browserSafe },
      to: { path: `^(node:)?(${builtins})$`, reachable: true },
    },
  ],
  options: {
    tsConfig: { fileName: fileURLToPath(new URL('tsconfig.json', import.meta.url)) },
    tsPreCompilationDeps: true,
    detectJSDocImports: false,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
