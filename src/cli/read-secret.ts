import { createReadStream } from 'node:fs';
import { type Command, Option } from 'commander';
import { ConfigurationError } from '../model/errors.js';
import { Secret } from '../model/secret.js';
import { MAX_USER_SECRET_BYTES } from '../model/session-init-message.js';

/** Options of every command that needs a secret. */
export interface SecretOptions {
  secretFile?: string;
}

const REFUSED_FLAGS = ['--secret', '--user-secret', '--password'];

/** Adds `--secret-file`, and refuses what would put the secret where every user of the machine can read it. */
export function withSecretOption(command: Command): Command {
  command.option('--secret-file <file>', 'read the secret from a file; - is the standard input');
  for (const flag of REFUSED_FLAGS) command.addOption(new Option(`${flag} [value]`).hideHelp().argParser(refuse));
  return command;
}

/**
 * Reads a secret: from the file, else from the terminal, where it is not shown, else from the standard input. One line
 * break at its end is not part of it.
 *
 * @param prompts - what is asked on a terminal; if there are two, both answers must be the same
 * @throws ConfigurationError if there is none, or it cannot be one
 */
export async function readSecret({ secretFile }: SecretOptions, prompts: readonly string[]): Promise<Secret> {
  const isAsked = secretFile === undefined && process.stdin.isTTY;
  const text = isAsked ? await ask(prompts) : await readText(secretFile ?? '-');
  if (text === '') throw new ConfigurationError('The secret is empty. Nothing was sent or changed.');
  if (Buffer.byteLength(text) > MAX_USER_SECRET_BYTES) {
    throw new ConfigurationError(`The secret is longer than ${MAX_USER_SECRET_BYTES} bytes, which no server takes.`);
  }
  return new Secret(text);
}

async function ask(prompts: readonly string[]): Promise<string> {
  const answers = new Set<string>();
  for (const prompt of prompts) answers.add(await askOnce(prompt));
  if (answers.size > 1) throw new ConfigurationError('The two secrets differ. Nothing was changed; try again.');
  return [...answers].join();
}

/** What is typed is not shown. The question goes to the standard error, since the output may go to a file. */
async function askOnce(prompt: string): Promise<string> {
  const { read } = await import('read');
  let giveUp = () => {};
  // A terminal that is closed, or Ctrl-D, leaves the question open, and then nothing is left to be done.
  const ended = new Promise<never>((_, reject) => {
    giveUp = () => reject(new Error('The input has ended.'));
    process.once('beforeExit', giveUp);
  });
  try {
    return await Promise.race([read({ prompt, silent: true, output: process.stderr }), ended]);
  } catch (cause) {
    throw new ConfigurationError('No secret was typed. Nothing was sent or changed.', { cause });
  } finally {
    process.off('beforeExit', giveUp);
    process.stderr.write('\n');
  }
}

async function readText(file: string): Promise<string> {
  const bytes = await readAtMost(file === '-' ? process.stdin : createReadStream(file)).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigurationError(`The secret cannot be read from ${file} (${code}).`, { cause });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new ConfigurationError('The secret is not UTF-8.', { cause });
  }
}

/** A little more than a secret can have, so that what is too long is found to be. */
async function readAtMost(stream: AsyncIterable<Buffer | string>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length > MAX_USER_SECRET_BYTES + 2) break;
  }
  return Buffer.concat(chunks);
}

function refuse(): never {
  throw new ConfigurationError(
    'A secret is never an argument: every user of this machine can read it there, and the shell keeps it. Type it when asked, or use --secret-file.',
  );
}
