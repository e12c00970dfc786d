import { writable } from './writable-text.js';

/** Words that mean something else in Mermaid at the place of a state's name. */
const RESERVED =
  /^(state|end|note|default|direction|class|classdef|style|click|href|hide|scale|accdescr|acctitle|title|tb|bt|lr|rl|as)$/i;

/**
 * Names for states, by their ids: the last part of the id, where it is a plain word of which Mermaid makes nothing else,
 * and no two the same.
 *
 * @param given - names that are taken already
 */
export function mermaidNames(ids: readonly string[], given: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const names = new Map(given);
  const taken = new Set(given.values());
  for (const id of ids) {
    const word = id.slice(id.lastIndexOf('.') + 1).replace(/[^A-Za-z0-9_]+/g, '_') || '_';
    // Mermaid keeps its names in a plain object, so those that every object has are no names either.
    const start = RESERVED.test(word) || word in {} || /^(__|\d)/.test(word) ? `s_${word}` : word;
    let name = start;
    for (let number = 2; taken.has(name); number += 1) name = `${start}_${number}`;
    names.set(id, name);
    taken.add(name);
  }
  return names;
}

/** Text as it stands in a label: whatever could be taken for syntax or for HTML is written as an entity. */
export function escapeMermaid(text: string): string {
  return writable(text)
    .split('\n')
    .map((line) => escapeLine(line.replace(/\s+/g, ' ')))
    .join('<br>');
}

function escapeLine(line: string): string {
  return line.replace(/[^\p{L}\p{N} .,_/()[\]'+*-]|--/gu, (it) =>
    [...it].map((one) => `#${one.codePointAt(0)};`).join(''),
  );
}
