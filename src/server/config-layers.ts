import { isJsonObject, type JsonObject, own } from '../model/json.js';
import { SETTINGS, type Setting } from './config-outline.js';

/** What one source says of the configuration. */
export interface Layer {
  /** As it is named in a message: a path, `SESSION_INIT_LISTEN_PORT`, `--port`. */
  readonly source: string;
  readonly tree: JsonObject;
}

/** Kubernetes sets such variables in every container, if a service is named `session-init`. They are none of ours. */
const OF_KUBERNETES = /^SESSION_INIT_(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT(?:_\d+_.*)?)$/;

/** What the environment says, a layer for each variable. Variables that nobody reads are added to `problems`. */
export function environmentLayers(environment: NodeJS.ProcessEnv, problems: string[]): Layer[] {
  const settings = new Map(SETTINGS.map((setting) => [setting.variable, setting]));
  const layers: Layer[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('SESSION_INIT_') || variable === 'SESSION_INIT_CONFIG') continue;
    const setting = settings.get(variable);
    if (setting !== undefined) layers.push(settingLayer(variable, setting, text ?? ''));
    else if (!OF_KUBERNETES.test(variable)) {
      problems.push(`${variable}: no setting has this name. "session-init serve --help" shows how they are named.`);
    }
  }
  return layers;
}

/** The layer of a single setting, whose value is read from text. What cannot be read stays text, and will be refused. */
export function settingLayer(source: string, { path, kind }: Setting, text: string): Layer {
  return {
    source,
    tree: path.reduceRight<unknown>((tree, name) => ({ [name]: tree }), read(kind, text)) as JsonObject,
  };
}

/** The configuration that all layers make together; later ones go before earlier ones. */
export function mergeLayers(layers: readonly Layer[]): JsonObject {
  return layers.reduce<JsonObject>((tree, layer) => merge(tree, layer.tree), {});
}

/** Where the value at `path` comes from; for one that is missing, what surrounds it. */
export function sourceOf(layers: readonly Layer[], path: readonly PropertyKey[]): string | undefined {
  for (let length = path.length; length > 0; length--) {
    const source = ownSourceOf(layers, path.slice(0, length));
    if (source !== undefined) return source;
  }
  return undefined;
}

/** Where the value at `path` itself comes from; nowhere, if it is a default. */
export function ownSourceOf(layers: readonly Layer[], path: readonly PropertyKey[]): string | undefined {
  return layers.findLast(({ tree }) => valueAt(tree, path) !== undefined)?.source;
}

/** The value at `path`; undefined if there is none. */
export function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, name) => {
    if (Array.isArray(value)) return value[Number(name)];
    return isJsonObject(value) ? own(value, String(name)) : undefined;
  }, tree);
}

/** Made of entries, so that a name such as `__proto__` is one like any other. */
function merge(base: JsonObject, over: JsonObject): JsonObject {
  const merged = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(over)) {
    const below = merged.get(name);
    merged.set(name, isJsonObject(below) && isJsonObject(value) ? merge(below, value) : value);
  }
  return Object.fromEntries(merged);
}

function read(kind: Setting['kind'], text: string): unknown {
  if (kind === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (kind === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  if (kind === 'list') return text === '' ? [] : text.split(',').map((item) => item.trim());
  return text;
}
