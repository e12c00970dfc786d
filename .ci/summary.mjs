import { readFileSync } from 'node:fs';

/*
 * Prints how many tests passed and failed in all, from the result files of Jest that are named as arguments. A file of
 * tests that could not run counts as a failed test, and so does a run of Jest that left no result.
 */
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const path of process.argv.slice(2)) {
  try {
    const run = JSON.parse(readFileSync(path, 'utf8'));
    sum.passed += run.numPassedTests;
    sum.failed += run.numFailedTests + run.numRuntimeErrorTestSuites;
    sum.skipped += run.numPendingTests;
  } catch {
    sum.failed += 1;
  }
}
if (sum.skipped > 0) console.log(`Skipped: ${sum.skipped}`);
console.log(`Test: ${sum.passed} passed, ${sum.failed} failed`);
