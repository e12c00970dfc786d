import type { Inspector } from '../inspector/index.js';
import { systemClock } from '../model/clock.js';
import type { ServerConfig } from '../server/config-schema.js';
import { describeCause, stackOf } from '../server/logging/describe-cause.js';
import { createLogger, type Logger } from '../server/logging/logger.js';
import { type RunningServer, type StartServerOptions, startServer } from '../server/start-server.js';
import { EXIT } from './exit-codes.js';
import { ownCommand } from './own-command.js';
import { print, styled } from './terminal.js';

/**
 * Runs the server until a signal tells it to stop.
 *
 * @param inspect - on which port a page shows what happens, or `true` for the usual one; undefined for no page
 */
export async function runServer(config: ServerConfig, inspect?: number | true): Promise<void> {
  // Whatever this process makes is for its owner alone.
  process.umask(0o077);
  const logger = await createLogger(config.log);
  logCrashes(logger);
  const demos: FirstUser[] = [];
  const inspector = inspect === undefined ? undefined : await startInspector(inspect);
  try {
    const server = await startServer(config, { logger, onFirstStart: (demo) => demos.push(demo), inspector });
    stopOnSignal(server, logger);
    // All at once, so that who reads it, and waits for the first line, has the rest as well.
    const watch = inspector === undefined ? [] : [`Watch it on ${styled('bold', inspector.url)}`];
    const welcomes = demos.map((demo) => welcome(demo, server.url));
    print([`Listening on ${styled('bold', server.url)}`, ...watch, ...welcomes].join('\n'));
  } catch (error) {
    await inspector?.close();
    // It is in the users file now, and nobody can ask for it again.
    for (const demo of demos) print(introduction(demo));
    throw error;
  }
}

/** What only some ask for is loaded for them alone. */
async function startInspector(port: number | true): Promise<Inspector> {
  const { inspector } = await import('../inspector/index.js');
  return inspector(port === true ? {} : { port });
}

/** What the very first start has made. */
type FirstUser = Parameters<NonNullable<StartServerOptions['onFirstStart']>>[0];

function welcome(demo: FirstUser, url: string): string {
  const command = styled('bold', `${ownCommand()} init ${reachable(url)} --user ${demo.name}`);
  return `
${introduction(demo)}
To ask the server for a session, run this in a second terminal, and give it the secret:

    ${command}
`;
}

/** For the terminal only, and only now: it is never logged, and kept nowhere. */
function introduction({ name, secret }: FirstUser): string {
  return `This is the first start, so a user was made to try the server with: ${styled('bold', name)}
The secret, which is shown this once: ${styled('bold', secret.reveal())}
`;
}

/** A server on every address is reached on this one. */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

/** Ctrl-C under `npm start` comes twice: from the terminal, and from npm, which passes on what it has got, too. */
const ECHO = 1_000;

/** The first signal lets what runs finish; a second one stops at once. */
function stopOnSignal(server: RunningServer, logger: Logger): void {
  let first: { signal: NodeJS.Signals; at: number } | undefined;
  const stop = async (signal: NodeJS.Signals) => {
    const at = systemClock.monotonic();
    if (first?.signal === signal && at - first.at < ECHO) return;
    if (first !== undefined) {
      logger.warn({ event: 'sys_shutdown', signal }, 'The server stops at once, since it was told so twice.');
      process.exit(EXIT.refused);
    }
    first = { signal, at };
    await server.drain();
    process.exit(EXIT.done);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** A defect ends the process, as it does without us; but its last line is in the log, and shows no more than it may. */
function logCrashes(logger: Logger): void {
  process.on('uncaughtException', (cause) => {
    logger.fatal(
      { event: 'sys_crash', cause: describeCause(cause), stack: stackOf(cause) },
      'The server has a defect, and ends.',
    );
    process.exit(EXIT.refused);
  });
}
