import { readFile, stat } from 'node:fs/promises';
import { ConfigurationError } from '../../model/errors.js';

/** A file as it was at one time. */
export interface WholeFile {
  readonly text: string;
  /** The same as long as the file is: see {@link fileSignature}. */
  readonly signature: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** A file that changes under three readings in a row is given up. */
const ATTEMPTS = 3;
/** Some hundred thousand users. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Reads a file of UTF-8 that nobody writes to meanwhile.
 *
 * @throws ConfigurationError if it cannot be read, is no regular file or no UTF-8, or changes again and again
 */
export async function readWholeFile(path: string): Promise<WholeFile> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await statFile(path);
    const bytes = await readFile(path).catch((error: unknown) => unreadable(path, error));
    const after = await statFile(path);
    if (before.signature === after.signature) return { ...after, text: decode(path, bytes) };
  }
  throw new ConfigurationError(`The users file ${path} is being written to. Replace it in one step, by renaming.`);
}

/**
 * What tells one state of a file from another. The time of change is in it, since a writer can set that of modification
 * back, and since it moves as the permissions do.
 *
 * @throws ConfigurationError if there is no such file, or it is no regular file
 */
export async function fileSignature(path: string): Promise<string> {
  return (await statFile(path)).signature;
}

async function statFile(path: string): Promise<Omit<WholeFile, 'text'>> {
  const stats = await stat(path, { bigint: true }).catch((error: unknown) => unreadable(path, error));
  if (stats.size > MAX_BYTES) {
    throw new ConfigurationError(`The users file ${path} has ${stats.size} bytes, and may have ${MAX_BYTES}.`);
  }
  if (!stats.isFile()) throw new ConfigurationError(`The users file ${path} is no regular file. Name another.`);
  return {
    signature: [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' '),
    mode: Number(stats.mode),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigurationError(`The users file ${path} is not UTF-8. Save it as such.`);
  }
}

function unreadable(path: string, cause: unknown): never {
  const code = (cause as NodeJS.ErrnoException).code;
  const remedy =
    code === 'ENOENT' ? 'Create it with "session-init user add".' : 'Give the account of this process access to it.';
  throw new ConfigurationError(`The users file ${path} cannot be read (${code}). ${remedy}`, { cause });
}
