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

/** A program, and the package of Debian that brings it. */
const debian = (command: string, name = command): Requirement => ({
  command,
  install: `apt-get install -y --no-install-recommends ${name}`,
});

export const chromium = debian('chromium');
export const openssl = debian('openssl');
export const graphviz = debian('dot', 'graphviz');
export const slapd = debian('/usr/sbin/slapd', 'slapd');
export const freeradius = debian('/usr/sbin/freeradius', 'freeradius');
export const postgresql = debian('/usr/bin/pg_ctlcluster', 'postgresql');
export const haproxy = debian('/usr/sbin/haproxy', 'haproxy');
export const redisServer = debian('redis-server');

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
