import { ConfigurationError } from '../../model/errors.js';
import { parseHtpasswd, renderHtpasswd } from './htpasswd-format.js';
import { parseJson, renderJson } from './json-format.js';
import type { UserEntries } from './user-entry.js';

/** How a users file is written: `{"users": {"alice": {"secret_hash": "…"}}}`, or lines of `alice:…`. */
export type UsersFileFormat = 'json' | 'htpasswd';

/** A users file that was read. */
export interface UsersFileContent {
  readonly format: UsersFileFormat;
  readonly users: UserEntries;
}

/** So many problems are in the message; all of them are in the list beside it. */
const SHOWN = 5;

const FORMATS = {
  json: { parse: parseJson, render: renderJson },
  htpasswd: { parse: parseHtpasswd, render: renderHtpasswd },
};

/**
 * Reads the text of the users file at `path`.
 *
 * @throws ConfigurationError with all problems, if there is any; no part of a hash is in them
 */
export function parseUsersFile(path: string, text: string, format: UsersFileFormat | 'auto'): UsersFileContent {
  const actual = format === 'auto' ? detectFormat(text) : format;
  const problems: string[] = [];
  const users = FORMATS[actual].parse(text, problems);
  if (text.trim() === '') problems.splice(0, Infinity, 'it is empty. Without users, it is {"users": {}} or a comment.');
  if (problems.length === 0) return { format: actual, users };
  const more = problems.length > SHOWN ? ` And ${problems.length - SHOWN} more.` : '';
  throw new ConfigurationError(`The users file ${path} is not usable: ${problems.slice(0, SHOWN).join(' ')}${more}`, {
    problems: problems.map((problem) => `${path}: ${problem}`),
  });
}

/**
 * Writes `after` in the given format, and leaves what has not changed since `before` as it is in `text`.
 *
 * @param text - what the file holds now; undefined if there is no file yet
 */
export function renderUsersFile(
  text: string | undefined,
  { format, users: before }: UsersFileContent,
  after: UserEntries,
): string {
  return FORMATS[format].render(text, before, after);
}

/** Whether `text` ends as a file does whose writer has not finished yet. */
export function looksUnfinished(text: string, format: UsersFileFormat | 'auto'): boolean {
  const actual = format === 'auto' ? detectFormat(text) : format;
  if (text.trim() === '') return true;
  return actual === 'json' ? !text.trimEnd().endsWith('}') : !text.endsWith('\n');
}

function detectFormat(text: string): UsersFileFormat {
  return text.trimStart().startsWith('{') ? 'json' : 'htpasswd';
}
