import { type Command, InvalidArgumentError } from 'commander';
import type { LoadedServerConfig } from '../server/load-config.js';
import { type ConfigOptions, loadConfig, withConfigOptions, withServerOptions } from './config-options.js';
import { EXIT } from './exit-codes.js';

/** `session-init serve`: runs the server until it is told to stop. */
export function addServeCommand(program: Command): void {
  const command = program.command('serve').description('run the server');
  withServerOptions(withConfigOptions(command))
    .option(
      '--inspect [port]',
      'show what happens on a page, of this machine alone (3013, or the next free port)',
      portOf,
    )
    .option('--check-config', 'show the configuration that comes out, and do not start')
    .option('--probe', 'with --check-config: also ask every backend for a sign of life')
    .option('--json', 'with --check-config: print JSON')
    .addHelpText('after', HELP)
    .action(runServe);
}

const HELP = `
Flags go before environment variables, these before the configuration file. Every setting of the file has a variable:
listen.port is SESSION_INIT_LISTEN_PORT, and lists are written with commas. SESSION_INIT_CONFIG names the file itself.
A secret is never in a flag or in the file: that says which file or variable holds it. The log goes to the standard error. SIGTERM and SIGINT let what runs finish;
a second one stops at once. The page of --inspect is opened with the address that is printed, and its token, only.

Examples:
  session-init serve
  session-init serve --config /etc/session-init.json --check-config --probe
  SESSION_INIT_LOG_FORMAT=json session-init serve --data-dir /var/lib/session-init --port 8080`;

async function runServe(
  options: ConfigOptions & { inspect?: true | number; checkConfig?: true; probe?: true; json?: true },
): Promise<void> {
  const loaded = await loadConfig(options, true);
  // What only this command needs is not loaded for the others.
  if (options.checkConfig) await checkConfig(loaded, options);
  else await (await import('./run-server.js')).runServer(loaded.config, options.inspect);
}

async function checkConfig(loaded: LoadedServerConfig, options: { probe?: true; json?: true }): Promise<void> {
  const { tryBackends, showConfig } = await import('./check-config.js');
  const probes = await tryBackends(loaded, options.probe ?? false);
  showConfig(loaded, options.json ?? false, options.probe && probes);
  if (probes.some(({ outcome }) => outcome === 'failed')) process.exitCode = EXIT.noAnswer;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('It must be a port from 0 to 65535.');
  return port;
}
