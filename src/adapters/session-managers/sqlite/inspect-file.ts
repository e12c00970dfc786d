import { constants, type Stats } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigurationError } from '../../../model/errors.js';

/** What is at a path: `absent` and `empty` are for a new database. */
export type FileFinding = 'absent' | 'empty' | 'file';

const ANY_WRITE_BIT = 0o222;

/** The database cannot be used: what is wrong with it, and what to do. */
export function unusable(path: string, problem: string, cause?: unknown): ConfigurationError {
  const message = `The session database ${path} cannot be opened, and was left as it is: ${problem}`;
  return new ConfigurationError(message, cause === undefined ? {} : { cause });
}

/**
 * Looks at what is at `path` from outside. It never opens the file: where this process has the same database open,
 * closing a second descriptor would drop SQLite's locks on it (POSIX), and another process could remove its log.
 *
 * @throws ConfigurationError if it is no file that can be written, in a folder that can be written
 */
export async function inspectFile(path: string): Promise<FileFinding> {
  const folder = dirname(path);
  const around = await statOf(path, folder);
  if (around === undefined) throw unusable(path, `the folder ${folder} does not exist. Create it, with mode 0700.`);
  const advice = `the folder ${folder} is read-only, and SQLite keeps its log beside the database. Make it writable.`;
  await requireWritable(path, folder, around, advice);
  const file = await statOf(path, path);
  if (file === undefined) return 'absent';
  if (!file.isFile()) {
    throw unusable(path, `it is ${file.isDirectory() ? 'a folder' : 'no regular file'}. Name a file in a folder.`);
  }
  await requireWritable(path, path, file, 'it is read-only. Make the file writable for this user.');
  return file.size === 0 ? 'empty' : 'file';
}

async function statOf(path: string, what: string): Promise<Stats | undefined> {
  try {
    return await stat(what);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unusable(path, `${message}.`, cause);
  }
}

async function requireWritable(path: string, what: string, { mode }: Stats, problem: string): Promise<void> {
  // For root everything is writable, so the mode is asked as well: who took all write bits away meant it.
  if ((mode & ANY_WRITE_BIT) === 0) throw unusable(path, problem);
  await access(what, constants.W_OK).catch((cause: unknown) => {
    throw unusable(path, problem, cause);
  });
}

/** Whether there is anything at `path`. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
