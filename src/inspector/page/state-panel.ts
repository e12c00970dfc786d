import type { InspectedMachine, Overview } from '../protocol.js';
import { html } from './dom.js';
import { counted, duration } from './text.js';
import type { Page } from './view.js';

/** What a state means, in words, and what is known of it. */
export function statePanel(
  { graph }: InspectedMachine,
  { present, states }: Overview,
  chosen: string | undefined,
  page: Page,
): Node[] {
  const state = graph.states.find(({ id }) => id === chosen);
  if (state === undefined) return [];
  if (state.type === 'any') {
    const text = 'It stands for every step: whatever an init is doing, these arrows can be taken.';
    return [html('h2', {}, 'any state'), html('p', {}, text)];
  }
  const { key, description = '' } = state;
  const figures = states[key];
  const facts: Node[] = [];
  if (figures !== undefined) facts.push(html('li', {}, `${counted(figures.count, 'init')} came through.`));
  if (present[key] !== undefined) facts.push(html('li', {}, `${counted(present[key], 'init')} here now.`));
  if (figures !== undefined && figures.p95 > 0) {
    facts.push(
      html(
        'li',
        {},
        `Half of them took less than ${duration(figures.p50)}, 95 of 100 less than ${duration(figures.p95)}.`,
      ),
    );
  }
  const next = graph.edges
    .filter(({ source }) => source === state.id)
    .flatMap(({ target, transitions }) => transitions.map((transition) => ({ target, transition })));
  return [
    html('h2', {}, key),
    html('p', {}, description),
    html('ul', {}, ...facts),
    ...(next.length === 0
      ? []
      : [
          html('h3', {}, 'What can come next'),
          html(
            'ul',
            { class: 'plain next' },
            ...next.map(({ target, transition }) =>
              html(
                'li',
                {},
                html('span', {}, triggerOf(transition)),
                ' → ',
                html('b', {}, target.slice(target.lastIndexOf('.') + 1)),
              ),
            ),
          ),
        ]),
    html('button', { class: 'quiet', click: () => page.openFilter(`state:${key}`) }, 'Show these inits'),
  ];
}

type Transition = InspectedMachine['graph']['edges'][number]['transitions'][number];

function triggerOf({ kind, event, actor = '', delay, guard }: Transition): string {
  const condition = guard === undefined ? '' : ` (${guard})`;
  switch (kind) {
    case 'actorDone':
      return `${actor} answers${condition}`;
    case 'actorError':
      return `${actor} fails${condition}`;
    case 'after':
      return delay?.milliseconds === undefined
        ? `after ${delay?.name ?? 'a while'}`
        : `after ${duration(delay.milliseconds)}`;
    case 'always':
      return guard === undefined ? 'otherwise, at once' : `at once, if ${guard}`;
    default:
      return `${event}${condition}`;
  }
}
