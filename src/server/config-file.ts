import { readFile } from 'node:fs/promises';
import { duplicateNames } from '../adapters/users-file/duplicate-names.js';
import { describeType, isJsonObject, type JsonObject } from '../model/json.js';
import { isSystemError } from './system-error.js';

/**
 * Reads a configuration file, and adds what is wrong with it as a whole to `problems`.
 *
 * @param isOptional - whether it is no problem if there is no such file
 * @returns undefined if there is no such file, or it cannot be used
 */
export async function readConfigFile(
  path: string,
  isOptional: boolean,
  problems: string[],
): Promise<JsonObject | undefined> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    const code = isSystemError(error) ? error.code : '';
    if (code !== 'ENOENT' || !isOptional)
      problems.push(`${path}: ${UNREADABLE[code] ?? `it cannot be read (${code}).`}`);
    return undefined;
  }
  return parse(path, text, problems);
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Create it, or name another with --config.',
  EACCES: 'it cannot be read. Give the account of this process access to it.',
  EISDIR: 'it is a folder. Name the file with --config.',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8. Save it as such.',
};

function parse(path: string, text: string, problems: string[]): JsonObject | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    problems.push(`${path}: ${syntaxProblem(text, error as SyntaxError)}`);
    return undefined;
  }
  for (const duplicate of duplicateNames(text)) {
    problems.push(`${duplicate.path.join('.')}: it is there for a second time, in line ${duplicate.line}. (${path})`);
  }
  if (isJsonObject(content)) return content;
  problems.push(`${path}: it must hold an object, and holds ${describeType(content)}.`);
  return undefined;
}

/** V8's own message quotes the text around the error, which may be a secret: only the place is taken from it. */
function syntaxProblem(text: string, { message }: SyntaxError): string {
  const position = /at position (\d+)/.exec(message)?.[1];
  const line = position === undefined ? '' : ` Look at line ${text.slice(0, Number(position)).split('\n').length}.`;
  return `it is not valid JSON.${line} Comments and commas at the end of a list are not allowed.`;
}
