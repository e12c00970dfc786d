import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { describe, test } from '@jest/globals';

/** A program that some tests need and that `npm ci` does not bring. */
export interface Requirement {
  /** The name of the program, looked for in `PATH`, or its absolute path. */
  command: string;
  /** The command that installs it on Debian: it is shown to whoever runs the tests without the program. */
  install: string;
}

export const chromium: Requirement = {
  command: 'chromium',
  install: 'apt-get install -y --no-install-recommends chromium',
};

export const openssl: Requirement = {
  command: 'openssl',
  install: 'apt-get install -y --no-install-recommends openssl',
};

export const graphviz: Requirement = {
  command: 'dot',
  install: 'apt-get install -y --no-install-recommends graphviz',
};

export const slapd: Requirement = {
  command: '/usr/sbin/slapd',
  install: 'apt-get install -y --no-install-recommends slapd',
};

export const freeradius: Requirement = {
  command: '/usr/sbin/freeradius',
  install: 'apt-get install -y --no-install-recommends freeradius',
};

export const postgresql: Requirement = {
  command: '/usr/bin/pg_ctlcluster',
  install: 'apt-get install -y --no-install-recommends postgresql',
};

/**
 * `describe` for tests that need `requirement`. Where it is missing they are skipped, and `missing-parts-reporter.js`
 * lists them at the end of the run; with `CI=true` they fail, so that CI never passes for want of a program.
 */
export function describeWith(requirement: Requirement, name: string, tests: (path: string) => void): void {
  const path = findCommand(requirement.command);
  if (path !== undefined) {
    describe(name, () => tests(path));
    return;
  }
  const title = `${name} [needs ${requirement.command}: ${requirement.install}]`;
  if (process.env['CI'] === 'true') {
    test(title, () => {
      throw new Error(`${requirement.command} is not installed, and in CI no test is skipped: ${requirement.install}`);
    });
    return;
  }
  describe.skip(title, () => tests(requirement.command));
}

/** The path of an executable, or undefined if there is none of that name. */
export function findCommand(command: string): string | undefined {
  const candidates = isAbsolute(command)
    ? [command]
    : (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, command));
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
