import type { BreakerSummary } from '../protocol.js';
import { html } from './dom.js';
import { counted, duration, printable, timeOfDay } from './text.js';

const STATES: Readonly<Record<BreakerSummary['state'], readonly [word: string, kind: string, meaning: string]>> = {
  closed: ['closed', 'success', 'The backend is asked, as usual.'],
  halfOpen: ['half open', 'denial', 'One call tries the backend; all others are refused until it has answered.'],
  open: ['open', 'fault', 'The backend has failed too often. Nobody asks it until it has rested.'],
};

/** How the circuit breakers before backends stand. */
export function breakerCard(breakers: readonly BreakerSummary[], now: number): HTMLElement {
  return html(
    'section',
    { class: 'card wide' },
    html('h2', {}, 'Circuit breakers'),
    html(
      'p',
      { class: 'soft' },
      'A breaker stands before a backend, and keeps everybody away from one that has failed too often. It shows here once it has changed.',
    ),
    html(
      'table',
      {},
      html(
        'thead',
        {},
        html(
          'tr',
          {},
          ...['Backend', 'Breaker', 'Since', 'What it means'].map((it) => html('th', { scope: 'col' }, it)),
        ),
      ),
      html('tbody', {}, ...breakers.map((breaker) => rowOf(breaker, now))),
    ),
  );
}

function rowOf({ backend, state, since, cause, opened }: BreakerSummary, now: number): HTMLElement {
  const [word, kind, meaning] = STATES[state];
  const why = cause === undefined ? '' : ` It failed last with ${printable(cause, 80)}.`;
  return html(
    'tr',
    {},
    html('td', {}, html('b', {}, html('bdi', {}, printable(backend, 80)))),
    html('td', {}, html('span', { class: `outcome ${kind}` }, word)),
    html('td', { class: 'time' }, `${timeOfDay(since)}, ${duration(Math.max(0, now - since))} ago`),
    html('td', {}, `${meaning}${why} It has opened ${counted(opened, 'time')}.`),
  );
}
