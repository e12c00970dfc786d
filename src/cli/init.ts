import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { ConfigurationError, SessionInitError } from '../model/errors.js';
import { FailedSessionInitInfo } from '../model/failed-session-init-info.js';
import { SessionInitMessage } from '../model/session-init-message.js';
import type { SessionInitResponse } from '../model/session-init-response.js';
import { describeCause } from '../server/logging/describe-cause.js';
import { printable } from '../server/logging/printable.js';
import { EXIT } from './exit-codes.js';
import {
  type OneTimeCodeOptions,
  readOneTimeCode,
  readSecret,
  withOneTimeCodeOptions,
  withSecretOption,
} from './read-secret.js';
import { complain, print, styled, visibleJson } from './terminal.js';

interface InitOptions extends OneTimeCodeOptions {
  user: string;
  timeout: string;
  ca?: string;
  allowPlaintext?: true;
  showSecret?: true;
  json?: true;
}

const DEFAULT_URL = 'ws://127.0.0.1:3012';

/** `session-init init`: asks a server for a session. */
export function addInitCommand(program: Command): void {
  const command = program
    .command('init')
    .description('ask a server for a session')
    .argument('[url]', 'the server', DEFAULT_URL)
    .requiredOption('--user <name>', 'for whom')
    .option('--timeout <seconds>', 'how long to wait, connecting included', '10')
    .option('--ca <file>', 'the certificates to trust, in place of the usual ones (PEM)')
    .option('--allow-plaintext', 'send the secret unencrypted (ws://) over a network')
    .option('--show-secret', "show the session's secret, which opens the session")
    .option('--json', "print the response as it came, the session's secret included")
    .addHelpText(
      'after',
      `
Examples:
  session-init init --user demo                              asks for the secret
  session-init init wss://example.org --user alice --json < secret.txt
  session-init init --user alice --secret-file /run/secrets/alice
  session-init init --user alice --one-time-code             asks for the code of a second factor, too`,
    );
  withOneTimeCodeOptions(withSecretOption(command)).action(runInit);
}

async function runInit(given: string, options: InitOptions): Promise<void> {
  const allowPlaintext = options.allowPlaintext ?? false;
  const deadline = milliseconds(options.timeout);
  // What only this command needs is not loaded for the others.
  const { requestSession } = await import('../client/request-session.js');
  const { checkServerUrl } = await import('../client/server-url.js');
  const { encodeSessionInitResponse } = await import('../model/encode-response.js');
  const url = checkServerUrl(given, allowPlaintext);
  const tls = options.ca === undefined ? {} : { tls: { ca: await readCertificates(options.ca) } };
  const user = printable(options.user, 255);
  const secret = await readSecret(options, [`Secret of ${user}:`]);
  const code = await readOneTimeCode(options, `One-time code of ${user}:`);
  let cause: unknown;
  const response = await requestSession(url, new SessionInitMessage(options.user, secret, code), {
    ...tls,
    allowPlaintext,
    deadline,
    onError: (error) => {
      cause = error;
    },
  });
  if (options.json) print(visibleJson(encodeSessionInitResponse(response)));
  else show(response, options.showSecret ?? false);
  if (!response.success) explain(response.data as FailedSessionInitInfo, cause);
  process.exitCode = exitCodeOf(response);
}

async function readCertificates(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigurationError(`The certificates cannot be read from ${file} (${cause.code}).`, { cause });
  });
}

function milliseconds(seconds: string): number {
  const value = Math.round(Number(seconds) * 1000);
  if (value >= 1 && value <= 2 ** 31 - 1) return value;
  throw new ConfigurationError('--timeout must be a positive number of seconds.');
}

function exitCodeOf({ success, data }: SessionInitResponse): number {
  if (success) return EXIT.done;
  return data instanceof FailedSessionInitInfo && data.reason === 'REQUEST_TIMED_OUT' ? EXIT.noAnswer : EXIT.refused;
}

function show({ success, reason, data }: SessionInitResponse, showSecret: boolean): void {
  print(styled(success ? ['bold', 'green'] : ['bold', 'red'], `${printable(reason, 255)}: ${data.constructor.name}`));
  for (const [name, value] of Object.entries(data)) {
    if (name === 'session_secret') {
      print(`  ${name.padEnd(14)} ${showSecret ? value.reveal() : '(hidden: --show-secret or --json shows it)'}`);
    } else {
      print(`  ${name.padEnd(14)} ${printable(value instanceof Date ? value.toISOString() : String(value), 1_000)}`);
    }
  }
}

function explain({ reason, code, retry_after }: FailedSessionInitInfo, cause: unknown): void {
  if (cause instanceof SessionInitError) {
    complain(cause.message + (cause.cause === undefined ? '' : ` (${describeCause(cause.cause)})`));
  } else if (retry_after !== undefined) complain(`Try again in ${retry_after} s.`);
  else if (reason === 'REQUEST_TIMED_OUT') complain('Nothing came in time. --timeout lets it take longer.');
  else if (code === 'authentication_denied') complain('Check the user name and the secret.');
}
