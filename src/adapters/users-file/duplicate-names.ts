/** A name that stands twice in one object. */
export interface DuplicateName {
  /** Where: the names that lead there, the duplicate itself last. */
  readonly path: readonly string[];
  /** The line of its second appearance, from 1. */
  readonly line: number;
}

/** A string, with the colon that makes it a name; or a bracket that opens or closes something. */
const TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g;

/**
 * Finds the names that stand twice in one object of a JSON text. `JSON.parse` lets the last of them win without a word.
 *
 * @param text - valid JSON
 */
export function duplicateNames(text: string): readonly DuplicateName[] {
  const duplicates: DuplicateName[] = [];
  const open: { names: Set<string>; current: string }[] = [];
  for (const { 0: token, 1: string, 2: colon, index } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push({ names: new Set(), current: '' });
    else if (token === '}' || token === ']') open.pop();
    const object = open.at(-1);
    if (object === undefined || string === undefined || colon === undefined) continue;
    object.current = JSON.parse(string);
    if (object.names.has(object.current)) {
      duplicates.push({ path: open.map(({ current }) => current), line: text.slice(0, index).split('\n').length });
    }
    object.names.add(object.current);
  }
  return duplicates;
}
