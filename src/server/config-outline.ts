import * as z from 'zod';
import { serverConfigSchema } from './config-schema.js';

/** A part of a JSON Schema, as far as it is read here. */
interface Node {
  type?: string;
  const?: unknown;
  description?: string;
  default?: unknown;
  properties?: Record<string, Node>;
  items?: Node;
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
  return [node, ...(node.oneOf ?? [])].flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, part]) => settingsOf([...path, name], part)),
  );
}

function upperSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
