import jestConfig from './jest.config.js';

/** Mutation testing of the two parts whose every line is a promise. It takes its time, so it is not part of `verify`. */
export default {
  mutate: ['src/model/**/*.ts', 'src/machines/**/*.ts'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: {
    // Tests that spawn what is built see no mutant, and only cost time.
    config: {
      ...jestConfig,
      reporters: [],
      testMatch: [
        '<rootDir>/test/{model,machines,orchestration,promises}/**/*.test.ts',
        '<rootDir>/test/client/{connect,messages,no-connection,order-of-answers}.test.ts',
        '<rootDir>/test/{orchestrator,testing/session-init-paths,transports/websocket/{conversations,delivery}}.test.ts',
      ],
    },
  },
  coverageAnalysis: 'perTest',
  timeoutMS: 60_000,
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['clear-text', 'progress', 'html'],
  thresholds: { high: 95, low: 85, break: 85 },
};
