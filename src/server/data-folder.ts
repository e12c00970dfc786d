import { existsSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { ConfigurationError } from '../model/errors.js';
import { databaseOf } from './backends/session-manager.js';
import { usersFilePath } from './backends/users-file.js';
import type { ServerConfig } from './config-schema.js';
import { isSystemError } from './system-error.js';

/** The users file, if users are in one: that of the authenticator, or of the first one that it may be made of. */
export function usersFileOf({ authenticator, authenticators, dataDir }: ServerConfig): string | undefined {
  const settings = [authenticator, ...Object.values(authenticators)].find(({ type }) => type === 'users-file');
  return settings?.type === 'users-file' ? usersFilePath(settings, dataDir) : undefined;
}

/**
 * Whether the server has never run with this configuration: it would keep its users and its sessions in the data folder,
 * and has neither yet. With sessions but no users, somebody has lost a file, and must hear of it.
 */
export function isFirstStart(config: ServerConfig): boolean {
  const { authenticator, sessionManager } = config;
  if (authenticator.type !== 'users-file' || authenticator.path !== undefined) return false;
  // What other nodes share is not begun here, and each would make a user of its own.
  if (sessionManager.type !== 'sqlite' && sessionManager.type !== 'memory') return false;
  return [usersFileOf(config), databaseOf(config)].every((path) => path === undefined || !existsSync(path));
}

/** Whether anything that is kept is in the data folder. */
export function usesDataFolder({ authenticator, authenticators, sessionManager }: ServerConfig): boolean {
  const usersAreHere = [authenticator, ...Object.values(authenticators)].some(
    (settings) => settings.type === 'users-file' && settings.path === undefined,
  );
  const sessionsAreHere = sessionManager.type === 'sqlite' && sessionManager.path === undefined;
  return usersAreHere || sessionsAreHere;
}

/**
 * Makes the data folder, for its owner alone. One that is there stays as it is: somebody may have opened it to others on
 * purpose.
 *
 * @returns a warning if others may enter it
 * @throws ConfigurationError if it cannot be made, or is no folder
 */
export async function openDataFolder(path: string): Promise<string | undefined> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = isSystemError(cause) ? cause.code : '';
    const remedy = code === 'EEXIST' || code === 'ENOTDIR' ? 'There is a file in the way.' : 'Check the rights to it.';
    throw new ConfigurationError(
      `The data folder ${path} cannot be made (${code}). ${remedy} Or name another with dataDir.`,
      { cause },
    );
  }
  const { mode } = await stat(path);
  if (process.platform === 'win32' || (mode & 0o077) === 0) return undefined;
  return `Others may enter the data folder ${path}, where the users and the sessions are: chmod 700 ${path}`;
}
