import type { JsonObject } from '../model/json.js';
import { valueAt } from './config-layers.js';
import { markedSettings } from './config-outline.js';
import type { ConfigProblem } from './config-problems.js';

/** Names of authenticators that are nobody's, and authenticators that are made of themselves. */
export function findUnknownParts(tree: JsonObject): ConfigProblem[] {
  const authenticators = valueAt(tree, ['authenticators']) as JsonObject | undefined;
  const known = Object.keys(authenticators ?? {});
  const parts = markedSettings(tree).filter(({ mark, value }) => mark === 'authenticator' && typeof value === 'string');
  const partsOf = (name: string) =>
    parts.filter(({ path }) => path[0] === 'authenticators' && path[1] === name).map(({ value }) => value as string);

  function reaches(from: string, name: string, seen = new Set<string>()): boolean {
    return partsOf(from).some((part) => {
      if (part === name) return true;
      if (seen.has(part)) return false;
      seen.add(part);
      return reaches(part, name, seen);
    });
  }

  const unknown = parts.filter(({ value }) => !known.includes(value as string));
  return [
    ...unknown.map(({ path, value }) => ({ path, text: unknownName(value as string, known) })),
    ...known
      .filter((name) => reaches(name, name))
      .map((name) => ({ path: ['authenticators', name], text: 'it is made of itself. Take it out of its own parts.' })),
  ];
}

function unknownName(name: string, known: readonly string[]): string {
  const remedy = known.length > 0 ? `There are: ${known.join(', ')}.` : 'Name them there.';
  return `no authenticator in authenticators is named ${JSON.stringify(name)}. ${remedy}`;
}
