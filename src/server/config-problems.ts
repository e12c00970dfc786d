import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import type * as z from 'zod';
import { describeType, isJsonObject, type JsonObject } from '../model/json.js';
import { isLoopback, TrustedProxies } from '../transports/websocket/client-address.js';
import { Origins } from '../transports/websocket/origins.js';
import { valueAt } from './config-layers.js';
import { markedSettings, namesIn, outlineAt } from './config-outline.js';
import { findAlike } from './find-alike.js';

/** Something that is wrong with the configuration. */
export interface ConfigProblem {
  readonly path: readonly PropertyKey[];
  /** A sentence, or several, without the path. It never holds a value, since that may be a secret. */
  readonly text: string;
}

/** What the schema finds wrong, in sentences that say what to do. */
export function describeIssue(issue: z.core.$ZodIssue, tree: JsonObject): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...issue.path, key], text: unknownSetting(tree, issue.path, key) }));
  }
  if (issue.code === 'custom') return [{ path: issue.path, text: issue.message }];
  const value = valueAt(tree, issue.path);
  const text =
    value === undefined ? 'it is missing.' : `it must be ${expectation(issue)}, and is ${shown(issue, value)}.`;
  const parts = [text, meant(issue, value), outlineAt(tree, issue.path)?.description];
  return [{ path: issue.path, text: parts.filter(Boolean).join(' ') }];
}

/** What is wrong with settings that are right each by itself. It looks at all, whatever else is wrong. */
export async function findContradictions(
  tree: JsonObject,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ConfigProblem[]> {
  const at = (path: string) => valueAt(tree, path.split('.'));
  const problems: ConfigProblem[] = [];
  const host = at('listen.host');
  if (typeof host === 'string' && !isLoopback(host) && !at('listen.tls') && at('listen.allowPlaintext') !== true) {
    problems.push({
      path: ['listen', 'host'],
      text: 'secrets would cross the network unencrypted. Set listen.tls; or, behind a proxy that ends TLS, set listen.allowPlaintext to true.',
    });
  }
  const groups = ['anyOf', 'allOf', 'noneOf'].map((list) => at(`authorizer.${list}`));
  if (at('authorizer.type') === 'groups' && groups.every((list) => list === undefined || isEmptyList(list))) {
    problems.push({
      path: ['authorizer', 'type'],
      text: 'no group is named, which would let everybody in. Name one in authorizer.anyOf, allOf or noneOf.',
    });
  }
  const lists = {
    origins: Origins.problemsOf(texts(at('listen.origins'))),
    trustedProxies: new TrustedProxies().add(texts(at('listen.trustedProxies'))),
  };
  for (const [list, found] of Object.entries(lists)) {
    problems.push(...found.map((text) => ({ path: ['listen', list], text: text.replace(`${list}: `, '') })));
  }
  for (const { path, value, mark } of markedSettings(tree)) {
    if (mark === 'file' && typeof value === 'string' && value !== '' && !(await isReadable(value))) {
      problems.push({ path, text: `there is no file that can be read at ${value}.` });
    }
    if (mark === 'secret' && isJsonObject(value)) problems.push(...secretProblems(path, value, environment));
  }
  return problems;
}

function secretProblems(path: readonly string[], value: JsonObject, environment: NodeJS.ProcessEnv): ConfigProblem[] {
  const { file, env } = value;
  if ((file === undefined) === (env === undefined)) {
    return [{ path, text: 'name one place where the secret is: {"file": "path"} or {"env": "NAME"}.' }];
  }
  if (typeof env !== 'string' || environment[env]) return [];
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(env)) {
    return [
      { path: [...path, 'env'], text: 'it must be the name of an environment variable, never the secret itself.' },
    ];
  }
  return [{ path: [...path, 'env'], text: `the environment variable ${env} is not set.` }];
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
    case 'invalid_union':
      return choicesOf(issue).join(' or ');
    case 'too_small':
      return issue.origin === 'string' ? 'a text that is not empty' : `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return 'something else';
  }
}

/** What the value may be, where it is one of a few. */
function choicesOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return issue.code === 'invalid_union' && 'options' in issue ? (issue.options ?? []).map(String) : [];
}

/** A slip is answered with the choice that it is like, and never with itself. */
function meant(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  const choice = typeof value === 'string' ? findAlike(value, choicesOf(issue)) : undefined;
  return choice === undefined ? undefined : `Is ${choice} meant?`;
}

const TYPES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a whole number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function shown(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'too_small' && value === '') return 'empty';
  if (issue.code === 'invalid_value' || issue.code === 'invalid_union') return 'something else';
  // A number is shown where one is expected: anywhere else it may be a secret.
  const expectsNumber =
    issue.code === 'too_small' ||
    issue.code === 'too_big' ||
    /number|int/.test(String((issue as { expected?: unknown }).expected));
  return typeof value === 'number' && expectsNumber ? String(value) : describeType(value);
}

function unknownSetting(tree: JsonObject, parent: readonly PropertyKey[], key: string): string {
  const names = namesIn(outlineAt(tree, parent) ?? {}, valueAt(tree, parent));
  const alike = findAlike(key, names);
  const remedy = alike === undefined ? `There are: ${names.join(', ')}.` : `Is ${alike} meant?`;
  return names.length > 0 ? `there is no such setting. ${remedy}` : 'there is no such setting.';
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
