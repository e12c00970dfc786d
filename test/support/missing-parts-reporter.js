const NEEDS = /^.*\[needs (?<command>\S+): (?<install>.+)\]$/;

/**
 * Lists at the end of a run which tests were skipped because a program is missing, and the command that installs it.
 * `describeWith()` says what is missing in the title of the suite: so it comes here from every worker of Jest.
 */
export default class MissingPartsReporter {
  onRunComplete(_contexts, results) {
    const lines = missingParts(results.testResults);
    if (lines.length === 0) return;
    // Jest's own summary always comes after all reporters, and what was skipped must not scroll away.
    process.once('exit', () => process.stderr.write(`\n${lines.join('\n')}\n`));
  }
}

/** @returns {string[]} what to show, one line each; none if no program was missing */
export function missingParts(testResults) {
  const skipped = new Map();
  for (const file of testResults) {
    for (const { ancestorTitles, status } of file.testResults) {
      const needs = ancestorTitles.map((title) => NEEDS.exec(title)?.groups).find(Boolean);
      if (status !== 'pending' || needs === undefined) continue;
      const { command, install } = needs;
      const part = skipped.get(command) ?? { install, tests: 0, files: new Set() };
      part.tests += 1;
      part.files.add(file.testFilePath);
      skipped.set(command, part);
    }
  }
  return [...skipped].map(
    ([command, { install, tests, files }]) =>
      `SKIPPED ${tests} ${tests === 1 ? 'test' : 'tests'} in ${files.size} ${files.size === 1 ? 'file' : 'files'}: ${command} is not installed. To run them: ${install}`,
  );
}
