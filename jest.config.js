/** Where another release of XState is: see scripts/test-with-xstate.mjs. */
const { XSTATE_FOLDER } = process.env;
const otherXState = {
  '^xstate$': `${XSTATE_FOLDER}/dist/xstate.cjs.mjs`,
  '^xstate/graph$': `${XSTATE_FOLDER}/dist/xstate-graph.cjs.mjs`,
};

/** Native ESM; TypeScript is stripped by SWC. `npm test` passes the node flags that this needs. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', ...(XSTATE_FOLDER && otherXState) },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.stryker-tmp/'],
  reporters: ['default', '<rootDir>/test/support/missing-parts-reporter.js'],
  maxWorkers: '100%',
  // Real servers, files and processes on a machine that has other things to do, too: no test is about its own time.
  testTimeout: 60_000,
  watchman: false,
  collectCoverageFrom: ['src/**/*.ts'],
  coverageProvider: 'v8',
  coverageReporters: ['text-summary', 'html', 'lcovonly'],
};
