import { readFile, stat } from 'node:fs/promises';
import { ConfigurationError } from '../model/errors.js';

/**
 * Reads a file in which an operator says what is allowed, whole: a byte that is no UTF-8 could turn a name that is
 * forbidden into another.
 *
 * @param what - what the file is, for the error message: `casbin: the policy`
 * @throws ConfigurationError if it cannot be read, is no regular file, or no UTF-8
 */
export async function readPolicyFile(what: string, path: string): Promise<string> {
  try {
    // A pipe without a writer would hold one of the few threads that files have.
    if (!(await stat(path)).isFile()) throw new ConfigurationError(`${what} ${path} is no regular file. Name another.`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new ConfigurationError(`${what} ${path} is not UTF-8. Save it as such.`, { cause });
    }
    const remedy = code === 'ENOENT' ? 'Create it, or name another.' : 'Give the account of this process access to it.';
    throw new ConfigurationError(`${what} ${path} cannot be read (${code}). ${remedy}`, { cause });
  }
}
