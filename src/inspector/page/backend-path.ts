import type { BackendStep } from '../protocol.js';
import { html } from './dom.js';
import { causeInWords } from './explanations.js';
import { duration, printable } from './text.js';

const WORDS: Readonly<Record<string, readonly [word: string, kind: string]>> = {
  authenticated: ['yes', 'success'],
  denied: ['no', 'denial'],
  failed: ['failed', 'fault'],
};

/** Which backend said what, one below the other, and those within a backend below it. */
export function backendPath(path: readonly BackendStep[]): HTMLElement {
  return html('ol', { class: 'backends' }, ...path.map(stepOf));
}

function stepOf({ backend, outcome, cause, milliseconds, path }: BackendStep): HTMLElement {
  const [word, kind] = WORDS[outcome] ?? [outcome, ''];
  return html(
    'li',
    {},
    html('span', { class: `outcome ${kind}` }, printable(word, 40)),
    html('b', {}, html('bdi', {}, printable(backend, 80))),
    html('span', { class: 'number soft' }, duration(milliseconds)),
    cause !== undefined && html('span', { class: 'why' }, html('bdi', {}, printable(causeInWords(cause), 300))),
    path !== undefined && path.length > 0 && backendPath(path),
  );
}
