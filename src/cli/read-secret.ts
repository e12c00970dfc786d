import { createReadStream } from 'node:fs';
import { type Command, Option } from 'commander';
import { ConfigurationError } from '../model/errors.js';
import { Secret } from '../model/secret.js';
import { MAX_ONE_TIME_CODE_LENGTH, MAX_USER_SECRET_BYTES } from '../model/session-init-message.js';

/** Options of every command that needs a secret. */
export interface SecretOptions {
  secretFile?: string;
}

/** Options of a command that sends a one-time code beside the secret. */
export interface OneTimeCodeOptions extends SecretOptions {
  oneTimeCode?: true;
  oneTimeCodeFile?: string;
}

const REFUSED_FLAGS = ['--secret', '--user-secret', '--password'];

/** Adds `--secret-file`, and refuses what would put the secret where every user of the machine can read it. */
export function withSecretOption(command: Command): Command {
  command.option('--secret-file <file>', 'read the secret from a file; - is the standard input');
  for (const flag of REFUSED_FLAGS) command.addOption(new Option(`${flag} [value]`).hideHelp().argParser(refuse));
  return command;
}

/** Adds `--one-time-code` and `--one-time-code-file`. */
export function withOneTimeCodeOptions(command: Command): Command {
  return command
    .option('--one-time-code', 'ask for the code of a second factor, too')
    .option('--one-time-code-file <file>', 'read that code from a file; - is the standard input');
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
  const text = isAsked ? await ask(prompts) : await readText('secret', secretFile ?? '-');
  return checked('secret', text, MAX_USER_SECRET_BYTES);
}

/**
 * Reads the code of a second factor, in the way of {@link readSecret}.
 *
 * @returns undefined if none is asked for
 * @throws ConfigurationError if it cannot be read, or cannot be one
 */
export async function readOneTimeCode(options: OneTimeCodeOptions, prompt: string): Promise<Secret | undefined> {
  const { oneTimeCode, oneTimeCodeFile, secretFile = '-' } = options;
  if (oneTimeCodeFile !== undefined) {
    if (oneTimeCodeFile === '-' && secretFile === '-') {
      throw new ConfigurationError('Only one of the secret and the one-time code can come on the standard input.');
    }
    return checked('one-time code', await readText('one-time code', oneTimeCodeFile), MAX_ONE_TIME_CODE_LENGTH);
  }
  if (oneTimeCode !== true) return undefined;
  if (!process.stdin.isTTY) {
    throw new ConfigurationError('There is no terminal to ask for the one-time code on. Use --one-time-code-file.');
  }
  return checked('one-time code', await ask([prompt]), MAX_ONE_TIME_CODE_LENGTH);
}

/** What is read: how it is called in a message. */
type Kind = 'secret' | 'one-time code';

function checked(kind: Kind, text: string, maxBytes: number): Secret {
  if (text === '') throw new ConfigurationError(`The ${kind} is empty. Nothing was sent or changed.`);
  if (Buffer.byteLength(text) > maxBytes) {
    throw new ConfigurationError(`The ${kind} is longer than ${maxBytes} bytes, which no server takes.`);
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

async function readText(kind: Kind, file: string): Promise<string> {
  const bytes = await readAtMost(file === '-' ? process.stdin : createReadStream(file)).catch((cause: unknown) => {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigurationError(`The ${kind} cannot be read from ${file} (${code}).`, { cause });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new ConfigurationError(`The ${kind} is not UTF-8.`, { cause });
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
