import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ConfigurationError, MissingPackageError, SessionInitError } from '../model/errors.js';
import { describeCause } from '../server/logging/describe-cause.js';
import { EXIT, EXIT_CODES_HELP } from './exit-codes.js';
import { addGraphCommand } from './graph.js';
import { addInitCommand } from './init.js';
import { addServeCommand } from './serve.js';
import { addSessionCommands } from './session.js';
import { complain, styled, tolerateClosedPipes } from './terminal.js';
import { addUserCommands } from './user.js';

/** Runs the command line, and leaves what it comes to in `process.exitCode`. It never rejects. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  tolerateClosedPipes();
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    process.exitCode = report(error);
  }
}

function createProgram(): Command {
  const program = new Command('session-init')
    .description('Serves sessions, asks for them, and keeps the users and the sessions of a server.')
    .version(version(), '-V, --version')
    .exitOverride()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ outputError: (text, write) => write(styled('red', text, process.stderr)) })
    .showHelpAfterError('(--help shows how it is called)')
    .addHelpText('afterAll', EXIT_CODES_HELP);
  addServeCommand(program);
  addInitCommand(program);
  addUserCommands(program);
  addSessionCommands(program);
  addGraphCommand(program);
  return program;
}

/** Says what went wrong. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const lines = error instanceof ConfigurationError ? error.problems : [messageOf(error)];
  for (const line of lines) complain(`${styled('red', 'error:', process.stderr)} ${line}`);
  return error instanceof ConfigurationError || error instanceof MissingPackageError ? EXIT.usage : EXIT.refused;
}

function messageOf(error: unknown): string {
  return error instanceof SessionInitError ? error.message : describeCause(error);
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}
