import { ConfigurationError } from '../../model/errors.js';
import { recogniseHash } from '../password-hashes/secret-hash.js';
import { HOW_TO_SET_A_SECRET, type UserEntries, type UserEntry, userNameProblem } from './user-entry.js';

/**
 * Reads the lines `user:hash` of an htpasswd file, and adds what is wrong with them to `problems`: sentences with their
 * line, never with what stands there. What comes after a second colon is a comment, as in nginx.
 */
export function parseHtpasswd(text: string, problems: string[]): UserEntries {
  const entries = new Map<string, UserEntry>();
  const firstLines = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    const place = `line ${index + 1}`;
    const name = userOf(line);
    if (name === undefined) {
      if (!isIgnored(line)) problems.push(`${place}: there is no colon. A line is user:hash, or a comment after #.`);
      continue;
    }
    const first = firstLines.get(name);
    firstLines.set(name, first ?? index + 1);
    const nameProblem = userNameProblem(name);
    const hash = recogniseHash(
      line
        .trim()
        .slice(name.length + 1)
        .split(':', 1)[0] as string,
    );
    if (first !== undefined) problems.push(`${place}: this user is on line ${first} already. Keep one of them.`);
    if (nameProblem !== undefined) problems.push(`${place}: the user name ${nameProblem}`);
    if ('problem' in hash) problems.push(`${place}: the hash ${hash.problem} ${HOW_TO_SET_A_SECRET}`);
    else entries.set(name, { hash, groups: [], disabled: false });
  }
  return entries;
}

/**
 * Writes `after` as an htpasswd file: comments and the lines of users that are the same in `before` stay as they are in
 * `text`, new users come last.
 *
 * @throws ConfigurationError if a user that has changed is in groups, is disabled, or has a name that needs JSON
 */
export function renderHtpasswd(text: string | undefined, before: UserEntries, after: UserEntries): string {
  const kept = (text ?? '').split('\n').flatMap((line) => {
    const name = userOf(line);
    const entry = name === undefined ? undefined : after.get(name);
    if (name === undefined || entry === before.get(name)) return [line];
    return entry === undefined ? [] : [toLine(name, entry)];
  });
  if (kept.at(-1) === '') kept.pop();
  const added = [...after].filter(([name]) => !before.has(name)).map(([name, entry]) => toLine(name, entry));
  return [...kept, ...added].map((line) => `${line}\n`).join('');
}

function toLine(name: string, { hash, groups, disabled }: UserEntry): string {
  if (groups.length > 0 || disabled) {
    throw new ConfigurationError('An htpasswd file has no groups and no disabled users. Use a users file in JSON.');
  }
  const line = `${name}:${hash.encoded}`;
  if (userOf(line) === name) return line;
  throw new ConfigurationError(
    'In an htpasswd file a user name has no colon, does not begin with # or space. Choose another, or use JSON.',
  );
}

/** The user of a line; undefined if it has none. */
function userOf(line: string): string | undefined {
  const text = line.trim();
  const colon = text.indexOf(':');
  return isIgnored(line) || colon < 0 ? undefined : text.slice(0, colon);
}

function isIgnored(line: string): boolean {
  const text = line.trim();
  return text === '' || text.startsWith('#');
}
