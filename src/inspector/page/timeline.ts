import type { InitSummary } from '../protocol.js';
import { html } from './dom.js';
import { duration } from './text.js';

/** Where the time of an init went: a bar with a piece for each state, as long as the init was in it. */
export function timeline({ phases, duration: total }: InitSummary): HTMLElement {
  const text = phases.map(([state, spent]) => `${state} ${duration(spent)}`).join(', ');
  const bar = html('span', { class: 'timeline', role: 'img', 'aria-label': text || 'no phases', title: text });
  for (const [state, spent] of phases) {
    const piece = html('span', { class: `piece phase-${state}` });
    piece.style.flexGrow = String(Math.max(spent, total / 200));
    bar.append(piece);
  }
  return bar;
}
