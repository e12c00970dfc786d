import { type Command, Option } from 'commander';
import type { FlagSetting, LoadedServerConfig } from '../server/load-config.js';

/** What commander has read of the options that {@link withConfigOptions} and {@link withServerOptions} add. */
export type ConfigOptions = Readonly<Record<string, unknown>>;

/** The flags that set a part of the configuration, and which. */
const SETTINGS: readonly (readonly [flags: string, setting: string, description: string])[] = [
  ['--data-dir <folder>', 'dataDir', 'the folder of the users file and the sessions'],
];

const SERVER_SETTINGS: typeof SETTINGS = [
  ['--host <address>', 'listen.host', 'the address to listen on'],
  ['--port <number>', 'listen.port', 'the TCP port; 0 takes a free one'],
  ['--tls-cert <file>', 'listen.tls.cert', 'the certificate, for wss://'],
  ['--tls-key <file>', 'listen.tls.key', 'the private key of the certificate'],
  ['--allow-plaintext', 'listen.allowPlaintext', 'serve ws:// beyond this machine, behind a proxy that ends TLS'],
  ['--origins <list>', 'listen.origins', 'the web origins that may connect, with commas'],
  ['--trusted-proxies <list>', 'listen.trustedProxies', 'the proxies whose X-Forwarded-For is believed, with commas'],
  ['--profile <name>', 'profile', 'how times are written to clients: rfc3339 or dmod'],
  ['--log-level <level>', 'log.level', 'the least important lines that are logged'],
  ['--log-format <format>', 'log.format', 'json, pretty or auto'],
];

/** Adds `--config` and `--data-dir`. */
export function withConfigOptions(command: Command): Command {
  command.option('--config <file>', 'the configuration file (default: session-init.json, if there is one)');
  return withSettings(command, SETTINGS);
}

/** Adds a flag for each setting of the server that one changes for a try. */
export function withServerOptions(command: Command): Command {
  return withSettings(command, SERVER_SETTINGS);
}

/**
 * Loads the configuration that the options of a command ask for.
 *
 * @throws ConfigurationError with all problems
 */
export async function loadConfig(options: ConfigOptions, toServe: boolean): Promise<LoadedServerConfig> {
  const flags: FlagSetting[] = [...SETTINGS, ...SERVER_SETTINGS].flatMap(([flag, setting]) => {
    const value = options[new Option(flag).attributeName()];
    return value === undefined ? [] : [{ flag: flag.replace(/ .*/, ''), setting, value: String(value) }];
  });
  const { loadServerConfig } = await import('../server/load-config.js');
  return loadServerConfig({ file: options['config'] as string | undefined, flags, toServe });
}

function withSettings(command: Command, settings: typeof SETTINGS): Command {
  for (const [flags, , description] of settings) command.option(flags, description);
  return command;
}
