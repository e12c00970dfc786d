import { type Clock, systemClock } from '../../model/clock.js';
import { ConfigurationError } from '../../model/errors.js';
import { replaceFile } from './locked-file.js';
import { type UserEntry, userNameProblem } from './user-entry.js';
import { parseUsersFile, renderUsersFile, type UsersFileContent, type UsersFileFormat } from './users-file-content.js';
import { readWholeFile } from './whole-file.js';

/** Options of {@link readUsersFile}. */
export interface ReadUsersFileOptions {
  /** How the file is written; `auto` takes what begins with `{` for JSON. @defaultValue `'auto'` */
  format?: UsersFileFormat | 'auto';
}

/** Options of {@link writeUsersFile}. */
export interface WriteUsersFileOptions extends ReadUsersFileOptions {
  /** Milliseconds to wait while another process changes the file. @defaultValue 5000 */
  lockTimeout?: number;
  /** @defaultValue the system's clock */
  clock?: Clock;
}

/**
 * Reads a users file.
 *
 * @throws ConfigurationError with all problems, if it cannot be read or is not valid
 */
export async function readUsersFile(path: string, options: ReadUsersFileOptions = {}): Promise<UsersFileContent> {
  const { text } = await readWholeFile(path);
  return parseUsersFile(path, text, options.format ?? 'auto');
}

/**
 * Changes the users of a file, or makes it: a new one is JSON unless `format` or its name (`….htpasswd`) says otherwise.
 * Nobody ever sees it half-written, two changes at a time lose nothing, and the users that stay the same stay as they
 * stand in the file.
 *
 * @param change - changes the map that it gets; if it throws, the file stays as it is
 * @returns what `change` returns
 * @throws ConfigurationError if the file is not valid, or cannot hold the users that `change` leaves
 * @throws BackendFaultError if the file cannot be written, or another process holds its lock for too long
 *
 * @example
 * ```ts
 * import { Secret } from 'session-init';
 * import { hashPassword, writeUsersFile } from 'session-init/adapters/users-file';
 *
 * const hash = await hashPassword(new Secret('only-for-development'));
 * await writeUsersFile('users.json', (users) => users.set('alice', { hash, groups: ['ops'], disabled: false }));
 * ```
 */
export async function writeUsersFile<T>(
  path: string,
  change: (users: Map<string, UserEntry>) => T,
  options: WriteUsersFileOptions = {},
): Promise<T> {
  const { format = 'auto', lockTimeout = 5000, clock = systemClock } = options;
  let result: T | undefined;
  await replaceFile(
    path,
    (file) => {
      const before = file === undefined ? emptyFile(path, format) : parseUsersFile(path, file.text, format);
      const after = new Map(before.users);
      result = change(after);
      if (file !== undefined && isSame(before, after)) return undefined;
      checkNames(before, after);
      return renderUsersFile(file?.text, before, after);
    },
    { lockTimeout, clock },
  );
  return result as T;
}

function emptyFile(path: string, format: UsersFileFormat | 'auto'): UsersFileContent {
  const byName = path.endsWith('htpasswd') ? 'htpasswd' : 'json';
  return { format: format === 'auto' ? byName : format, users: new Map() };
}

function isSame({ users }: UsersFileContent, after: ReadonlyMap<string, UserEntry>): boolean {
  return users.size === after.size && [...users].every(([name, entry]) => after.get(name) === entry);
}

function checkNames({ users }: UsersFileContent, after: ReadonlyMap<string, UserEntry>): void {
  for (const name of after.keys()) {
    const problem = users.has(name) ? undefined : userNameProblem(name);
    if (problem !== undefined) throw new ConfigurationError(`The user name ${problem} Choose another.`);
  }
}
