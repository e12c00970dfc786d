import { dirname, resolve } from 'node:path';
import { ConfigurationError } from '../model/errors.js';
import { isJsonObject, type JsonObject } from '../model/json.js';
import { findUnknownParts } from './composition-problems.js';
import { readConfigFile } from './config-file.js';
import { environmentLayers, type Layer, mergeLayers, ownSourceOf, settingLayer, sourceOf } from './config-layers.js';
import { DEFAULT_VARIANTS, markedSettings, SETTINGS } from './config-outline.js';
import { type ConfigProblem, describeIssue, findContradictions } from './config-problems.js';
import { type ServerConfig, serverConfigSchema } from './config-schema.js';
import { findUnfitDeadlines } from './unfit-deadlines.js';

/** A setting that was given on the command line. */
export interface FlagSetting {
  /** As it was written: `--port`. */
  flag: string;
  /** What it sets: `listen.port`. */
  setting: string;
  /** As text, a list with commas. */
  value: string;
}

/** Options of {@link loadServerConfig}. */
export interface LoadServerConfigOptions {
  /** The configuration file. @defaultValue `SESSION_INIT_CONFIG`; else `session-init.json`, if there is one */
  file?: string | undefined;
  /** @defaultValue `process.env` */
  environment?: NodeJS.ProcessEnv;
  /** @defaultValue none */
  flags?: readonly FlagSetting[];
  /** Where relative paths start that are not in the file. @defaultValue the working directory */
  folder?: string;
  /** Whether the files that the server needs to run must be there. @defaultValue true */
  toServe?: boolean;
}

/** A configuration, and where it comes from. */
export interface LoadedServerConfig {
  config: ServerConfig;
  /** What sets this setting (`listen.port`): a file, a variable, a flag, or `default`. */
  sourceOf(setting: string): string;
}

/**
 * Loads the configuration of the server: flags go before environment variables, these before the file, and that before
 * the defaults. Paths in the result are absolute: those in the file start from its folder.
 *
 * @throws ConfigurationError with all problems, each with its setting, its source and a remedy
 */
export async function loadServerConfig(options: LoadServerConfigOptions = {}): Promise<LoadedServerConfig> {
  const { environment = process.env, flags = [], folder = process.cwd(), toServe = true } = options;
  const problems: string[] = [];
  const layers = [
    { source: 'default', tree: DEFAULT_VARIANTS },
    ...(await fileLayer(options.file ?? environment['SESSION_INIT_CONFIG'], folder, problems)),
    ...[...environmentLayers(environment, problems), ...flags.map(flagLayer)].map(({ source, tree }) => ({
      source,
      tree: withAbsolutePaths(tree, folder),
    })),
  ];
  const tree = mergeLayers(layers);
  const parsed = serverConfigSchema.safeParse(tree);
  const found = [
    ...(parsed.error?.issues ?? []).flatMap((issue) => describeIssue(issue, tree)),
    ...(toServe ? [...(await findContradictions(tree, environment)), ...findUnknownParts(tree)] : []),
    ...(toServe && parsed.success ? findUnfitDeadlines(parsed.data) : []),
  ];
  problems.push(...found.map((problem) => inWords(problem, layers)));
  if (parsed.success && problems.length === 0) {
    const config = { ...parsed.data, dataDir: resolve(folder, parsed.data.dataDir) };
    return { config, sourceOf: (setting) => ownSourceOf(layers, setting.split('.')) ?? 'default' };
  }
  throw new ConfigurationError(`The configuration cannot be used: ${problems.join(' ')}`, { problems });
}

async function fileLayer(named: string | undefined, folder: string, problems: string[]): Promise<Layer[]> {
  const file = resolve(folder, named ?? 'session-init.json');
  const content = await readConfigFile(file, named === undefined, problems);
  return content === undefined ? [] : [{ source: file, tree: withAbsolutePaths(content, dirname(file)) }];
}

function flagLayer({ flag, setting, value }: FlagSetting): Layer {
  const known = SETTINGS.find(({ path }) => path.join('.') === setting);
  if (known === undefined) throw new ConfigurationError(`${flag}: there is no setting ${setting}.`);
  return settingLayer(flag, known, value);
}

function withAbsolutePaths(tree: JsonObject, folder: string): JsonObject {
  const paths = markedSettings(tree).filter(({ mark, value }) => /file$/.test(mark) && typeof value === 'string');
  return paths.reduce<JsonObject>(
    (result, { path, value }) =>
      value === '' ? result : (replace(result, path, resolve(folder, value as string)) as JsonObject),
    tree,
  );
}

/** A copy with another value at `path`, which leads through objects and lists. */
function replace(tree: unknown, [name, ...rest]: readonly string[], value: string): unknown {
  if (name === undefined) return value;
  if (Array.isArray(tree)) return tree.with(Number(name), replace(tree[Number(name)], rest, value));
  return isJsonObject(tree) ? { ...tree, [name]: replace(tree[name], rest, value) } : tree;
}

function inWords({ path, text }: ConfigProblem, layers: readonly Layer[]): string {
  const source = sourceOf(layers, path);
  return `${path.join('.')}: ${text}${source === undefined ? '' : ` (${source})`}`;
}
