import * as z from 'zod';
import { isJsonObject, own } from '../model/json.js';
import { WITH_VARIABLES } from './backends/registry.js';
import { serverConfigSchema } from './config-schema.js';
import { MARKS, type Mark } from './settings.js';

/** A part of a JSON Schema, as far as it is read here. */
export interface Node {
  type?: string;
  /** What it is beyond its type: see {@link MARKS}. */
  mark?: Mark;
  const?: unknown;
  description?: string;
  default?: unknown;
  properties?: Record<string, Node>;
  items?: Node;
  additionalProperties?: Node | boolean;
  oneOf?: readonly Node[];
}

/** A setting that one value in a variable or in a flag can hold. */
export interface Setting {
  /** Where it is in the configuration: `['listen', 'port']`. */
  readonly path: readonly string[];
  readonly kind: 'text' | 'number' | 'boolean' | 'list';
  /** The environment variable: `SESSION_INIT_LISTEN_PORT`. */
  readonly variable: string;
  readonly description: string;
  /** Undefined if there is none. */
  readonly default: unknown;
}

const KINDS: Readonly<Record<string, Setting['kind']>> = {
  string: 'text',
  integer: 'number',
  boolean: 'boolean',
  array: 'list',
};

/** The JSON Schema (draft-07) of the configuration file: the package ships it as `schemas/server-config.schema.json`. */
export const serverConfigJsonSchema = {
  ...z.toJSONSchema(serverConfigSchema, { io: 'input', target: 'draft-07' }),
  $id: 'urn:session-init:server-config',
  title: 'Configuration of the session-init server',
};

/** Every setting that is no object, in the order of the schema. Those of several variants of a part are there once. */
export const SETTINGS: readonly Setting[] = [
  ...new Map(
    settingsOf([], serverConfigJsonSchema as Node).map((setting) => [setting.path.join('.'), setting]),
  ).values(),
].filter(({ path }) => path[0] !== '$schema');

/** The variants that are taken where none is named: `{ authenticator: { type: 'users-file' }, … }`. */
export const DEFAULT_VARIANTS = Object.fromEntries(
  Object.entries((serverConfigJsonSchema as Node).properties ?? {})
    .filter(([, part]) => part.oneOf !== undefined)
    .map(([name, part]) => [name, part.default]),
);

function settingsOf(path: readonly string[], node: Node): Setting[] {
  const kind = KINDS[node.type ?? ''];
  if (kind !== undefined) {
    const variable = `SESSION_INIT_${path.map(upperSnakeCase).join('_')}`;
    return [{ path, kind, variable, description: node.description ?? '', default: node.default }];
  }
  const variants = (node.oneOf ?? []).filter((variant) => WITH_VARIABLES.includes(typeOf(variant)));
  return [node, ...variants].flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, part]) => settingsOf([...path, name], described(part, node))),
  );
}

/** What chooses a variant is described as a whole: by what has the variants. */
function described(part: Node, { oneOf, description }: Node): Node {
  return oneOf === undefined || part.const === undefined ? part : { description: description ?? '', ...part };
}

/** The schema again, with the marks of its settings in place of their descriptions. */
const MARKED = z.toJSONSchema(serverConfigSchema, { io: 'input', target: 'draft-07', metadata: MARKS }) as Node;

/** A setting of a configuration, and what it is. */
export interface MarkedSetting {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly mark: Mark;
}

/** The settings of `tree` that are more than their type says. */
export function markedSettings(tree: unknown, path: readonly string[] = [], node: Node = MARKED): MarkedSetting[] {
  const below = (name: string) => markedSettings(partOf(tree, name), [...path, name], childOf(node, name, tree) ?? {});
  const itself = node.mark !== undefined && tree !== undefined ? [{ path, value: tree, mark: node.mark }] : [];
  if (isJsonObject(tree)) return [...itself, ...Object.keys(tree).flatMap(below)];
  return Array.isArray(tree) ? [...itself, ...tree.flatMap((_, index) => below(String(index)))] : itself;
}

/** What the schema says of the setting at `path`; of what has variants, those that the `type` in `tree` chooses. */
export function outlineAt(tree: unknown, path: readonly PropertyKey[]): Node | undefined {
  let node: Node | undefined = serverConfigJsonSchema as Node;
  let value = tree;
  for (const name of path) {
    node = node && childOf(node, String(name), value);
    value = partOf(value, String(name));
  }
  return node;
}

/** The names that `node` has for settings below it. */
export function namesIn(node: Node, tree: unknown): string[] {
  return Object.keys(variantOf(node, tree).properties ?? {}).filter((name) => name !== '$schema');
}

function childOf(node: Node, name: string, tree: unknown): Node | undefined {
  const { properties = {}, additionalProperties, items } = variantOf(node, tree);
  const rest = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  return Object.hasOwn(properties, name) ? properties[name] : (items ?? rest);
}

/** Where no `type` chooses, as in an environment variable, it is any of those that have variables. */
function variantOf(node: Node, tree: unknown): Node {
  if (node.oneOf === undefined) return node;
  const type = partOf(tree, 'type');
  if (type !== undefined) return node.oneOf.find((variant) => typeOf(variant) === type) ?? {};
  const simple = node.oneOf.filter((variant) => WITH_VARIABLES.includes(typeOf(variant)));
  return { properties: Object.assign({}, ...simple.map(({ properties }) => properties)) };
}

function typeOf({ properties }: Node): string {
  return String(properties?.['type']?.const);
}

function partOf(tree: unknown, name: string): unknown {
  if (Array.isArray(tree)) return tree[Number(name)];
  return isJsonObject(tree) ? own(tree, name) : undefined;
}

function upperSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
