import type { InitSummary } from '../protocol.js';
import { html } from './dom.js';
import { outcomeClass, outcomeOf } from './outcomes.js';

/** How an init ended, as a coloured word. */
export function initBadge({ reason }: Pick<InitSummary, 'reason'>): HTMLElement {
  const outcome = outcomeOf(reason);
  return html(
    'span',
    { class: `outcome ${outcome.kind} ${outcomeClass(outcome)}`, title: reason ?? 'success' },
    outcome.label,
  );
}
