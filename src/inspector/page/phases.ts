import type { InitSummary } from '../protocol.js';
import { html } from './dom.js';
import { duration } from './text.js';

/** The steps that have a colour of their own, in the order in which an init comes through them. */
const COLOURED = {
  admitting: 'limits and throttle',
  authenticating: 'who is it?',
  authorizing: 'may they?',
  establishing: 'the session is made',
};

/** Which colour of a timeline is which step. */
export function phaseLegend(): HTMLElement {
  const entries = Object.entries(COLOURED).map(([state, meaning]) =>
    html('li', { title: meaning }, html('span', { class: `swatch phase-${state}` }), state),
  );
  return html('ul', { class: 'phase-legend', 'aria-label': 'The colours of the bars' }, ...entries);
}

/** The steps of one init with their colours and times. */
export function phaseList({ phases }: InitSummary): HTMLElement {
  const entries = phases.map(([state, spent]) =>
    html('li', {}, html('span', { class: `swatch phase-${state}` }), state, ' ', html('b', {}, duration(spent))),
  );
  return html('ul', { class: 'phase-legend', 'aria-label': 'Where the time went' }, ...entries);
}
