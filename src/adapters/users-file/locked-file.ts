import { type FileHandle, open, realpath, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Clock } from '../../model/clock.js';
import { BackendFaultError } from '../../model/errors.js';
import { fileSignature, readWholeFile, type WholeFile } from './whole-file.js';

/** Options of {@link replaceFile}. */
export interface ReplaceFileOptions {
  clock: Clock;
  /** Milliseconds to wait while another process changes the file. */
  lockTimeout: number;
}

const LOCK_RETRY_INTERVAL = 20;

/**
 * Changes a file in one step, and one change at a time. As in git, `path.lock` is both the lock and the new file: one
 * process at a time can create it; it is written, flushed and renamed to `path`. So a reader sees the old file or the
 * new one, and a full disk or a crash leaves the old one. A new file has the mode 0600; a replaced one keeps its own
 * mode and owner, so that who could read it still can.
 *
 * @param change - gives the new text, or undefined to leave the file as it is; what it throws leaves it so too
 * @throws BackendFaultError if the file cannot be written, is locked for too long, or is changed without the lock
 * @throws ConfigurationError if the file is there and cannot be read
 */
export async function replaceFile(
  path: string,
  change: (file: WholeFile | undefined) => string | undefined,
  options: ReplaceFileOptions,
): Promise<void> {
  // The lock is beside the file itself, so that whoever comes by another link meets it too.
  const target = await realpath(path).catch(() => resolve(path));
  const lockPath = `${target}.lock`;
  const lock = await acquire(lockPath, options).catch((error: unknown) => unwritable(path, error));
  let renamed = false;
  try {
    const old = await ifThere(readWholeFile(target));
    const text = change(old);
    if (text === undefined) return;
    await write(lock, text, old).catch((error: unknown) => unwritable(path, error));
    if ((await ifThere(fileSignature(target))) !== old?.signature) {
      throw new BackendFaultError(
        `Another program has just changed ${path}. It is as that program left it; try again.`,
      );
    }
    await rename(lockPath, target).catch((error: unknown) => unwritable(path, error));
    renamed = true;
  } finally {
    await lock.close();
    // Once it is renamed, a lock of this name is another's.
    if (!renamed) await rm(lockPath, { force: true });
  }
}

async function acquire(lockPath: string, { clock, lockTimeout }: ReplaceFileOptions): Promise<FileHandle> {
  const deadline = clock.monotonic() + lockTimeout;
  for (;;) {
    try {
      return await open(lockPath, 'wx', 0o600);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    if (clock.monotonic() >= deadline) {
      throw new BackendFaultError(
        `The users file is locked: another process changes it, or was killed while it did. If there is none, delete ${lockPath}.`,
      );
    }
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, LOCK_RETRY_INTERVAL));
  }
}

async function write(file: FileHandle, text: string, old: WholeFile | undefined): Promise<void> {
  await file.writeFile(text);
  if (old !== undefined) {
    const { uid, gid } = await file.stat();
    if (uid !== old.uid || gid !== old.gid) await file.chown(old.uid, old.gid);
    await file.chmod(old.mode & 0o7777);
  }
  await file.sync();
}

/** Undefined instead of a failure for want of a file. */
async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (codeOf((error as Error).cause) === 'ENOENT') return undefined;
    throw error;
  }
}

function unwritable(path: string, cause: unknown): never {
  if (cause instanceof BackendFaultError) throw cause;
  throw new BackendFaultError(
    `The users file ${path} cannot be written (${codeOf(cause)}), and is as it was. Check the rights to it and to its folder, and the space left.`,
    { cause },
  );
}

function codeOf(error: unknown): unknown {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
