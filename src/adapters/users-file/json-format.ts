import * as z from 'zod';
import { recogniseHash } from '../password-hashes/secret-hash.js';
import { duplicateNames } from './duplicate-names.js';
import { HOW_TO_SET_A_SECRET, type UserEntries, type UserEntry, userNameProblem } from './user-entry.js';

const userSchema = z
  .strictObject({
    secret_hash: z
      .string()
      .describe('argon2id ($argon2id$…) is best; bcrypt, $6$, $5$, $apr1$ and {SHA} are verified.'),
    groups: z.array(z.string().min(1)).optional().describe('The groups that the user is in.'),
    disabled: z.boolean().optional().describe('Whether the user is denied even with the right secret.'),
  })
  .describe('A user.');

/**
 * What a users file in JSON holds. No other properties are allowed, since a misspelt `disabled` would let somebody in.
 */
export const usersFileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    users: z.record(z.string(), userSchema, 'expected an object, user name to user').describe('User name to user.'),
  })
  .describe('The users of session-init and the hashes of their secrets.');

type JsonUsersFile = z.infer<typeof usersFileSchema>;
type JsonUser = z.infer<typeof userSchema>;

/** Reads a users file in JSON, and adds what is wrong with it to `problems`: sentences with their line or path. */
export function parseJson(text: string, problems: string[]): UserEntries {
  const entries = new Map<string, UserEntry>();
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    problems.push(syntaxProblem(text, error));
    return entries;
  }
  for (const { path, line } of duplicateNames(text)) {
    problems.push(`line ${line}: ${describePath(path)} is there for a second time. Keep one of them.`);
  }
  const { error } = usersFileSchema.safeParse(content);
  for (const issue of error?.issues ?? [])
    problems.push(`${describePath(issue.path) || 'the file'}: ${issue.message}.`);
  if (problems.length > 0) return entries;

  for (const [name, user] of Object.entries((content as JsonUsersFile).users)) {
    const path = describePath(['users', name]);
    const nameProblem = userNameProblem(name);
    if (nameProblem !== undefined) {
      problems.push(`${path}: the user name ${nameProblem}`);
      continue;
    }
    const hash = recogniseHash(user.secret_hash);
    if ('problem' in hash) problems.push(`${path}.secret_hash ${hash.problem} ${HOW_TO_SET_A_SECRET}`);
    else entries.set(name, { hash, groups: user.groups ?? [], disabled: user.disabled ?? false });
  }
  return entries;
}

/** Writes `after` as JSON. The users that are the same in `before` stay as they are in `text`. */
export function renderJson(text: string | undefined, before: UserEntries, after: UserEntries): string {
  const content: JsonUsersFile = text === undefined ? { users: {} } : JSON.parse(text);
  const users = [...after].map(([name, entry]) => {
    const user = before.get(name) === entry ? content.users[name] : toJson(entry);
    return [name, user] as const;
  });
  return `${JSON.stringify({ ...content, users: Object.fromEntries(users) }, null, 2)}\n`;
}

function toJson({ hash, groups, disabled }: UserEntry): JsonUser {
  return {
    secret_hash: hash.encoded,
    ...(groups.length > 0 && { groups: [...groups] }),
    ...(disabled && { disabled }),
  };
}

/** V8's own message quotes the text around the error, which may be a hash: only the place is taken from it. */
function syntaxProblem(text: string, error: unknown): string {
  const position = /at position (\d+)/.exec((error as SyntaxError).message)?.[1];
  const place = position === undefined ? '' : `line ${text.slice(0, Number(position)).split('\n').length}: `;
  return `${place}this is not valid JSON.`;
}

function describePath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, name) => {
    if (typeof name === 'number') return `${text}[${name}]`;
    const simple = /^[\w$-]+$/.test(String(name));
    if (!simple) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? String(name) : `${text}.${String(name)}`;
  }, '');
}
