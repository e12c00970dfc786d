import { readFile, stat } from 'node:fs/promises';
import { ConfigurationError, Secret } from '../../index.js';
import type { Logger } from '../logging/logger.js';
import type { SecretSource } from '../settings.js';
import { isSystemError } from '../system-error.js';

/**
 * Reads a secret from where the configuration says it is. A line break at the end of a file is not part of it.
 *
 * @throws ConfigurationError if there is none
 */
export async function readSecret(
  { file, env }: SecretSource,
  environment: NodeJS.ProcessEnv,
  logger?: Logger,
): Promise<Secret> {
  if ((file === undefined) === (env === undefined)) throw problem('name either a file or an environment variable');
  const secret = file === undefined ? environment[env as string] : await readSecretFile(file, logger);
  if (secret !== undefined && secret !== '') return new Secret(secret);
  throw problem(file === undefined ? `the environment variable ${env} is not set` : `the file ${file} is empty`);
}

/** Tells if more than its owner may read a file with secrets, or write to it. */
export async function warnIfExposed(file: string, logger: Logger | undefined): Promise<void> {
  if (process.platform === 'win32' || ((await stat(file)).mode & 0o077) === 0) return;
  logger?.warn({ event: 'secret_file_exposed', file }, `Others may read a secret: chmod 600 ${file}`);
}

async function readSecretFile(file: string, logger: Logger | undefined): Promise<string> {
  try {
    const content = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(file));
    await warnIfExposed(file, logger);
    return content.replace(/\r?\n$/, '');
  } catch (cause) {
    throw problem(`the file ${file} cannot be read (${isSystemError(cause) ? cause.code : 'it is not UTF-8'})`, cause);
  }
}

function problem(text: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(`There is no secret: ${text}.`, { cause });
}
