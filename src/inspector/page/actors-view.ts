import type { ActorEvent, ActorSummary, MachineOutline } from '../protocol.js';
import { Diagram, type DrawnGraph } from './diagram.js';
import { fill, html } from './dom.js';
import type { Store } from './store.js';
import { printable, timeOfDay } from './text.js';
import type { View } from './view.js';

const MAX_EVENTS = 200;
const MAX_LISTED = 300;

/** Actors of any XState system: in which states they are, and which events they got. */
export function actorsView(): View {
  const list = html('section', { class: 'card actor-list' });
  const machine = html('section', { class: 'card wide' });
  const events = html('section', { class: 'card' });
  const element = html('div', { class: 'view live-view' }, machine, html('div', { class: 'side' }, list, events));
  const picture = actorPicture();
  let chosen: string | undefined;
  let seen = '';

  return {
    element,
    update(store) {
      const { actors, actorEvents } = store;
      const actor = (chosen === undefined ? undefined : actors.get(chosen)) ?? firstOf(store);
      const last = actorEvents.at(-1);
      const drawing = store.drawings.get(actor?.drawing ?? '');
      const state = JSON.stringify([
        ...[chosen, actors.size, actorEvents.length, last?.at, actor?.states, actor?.status],
        drawing !== undefined,
      ]);
      if (state === seen) return;
      seen = state;
      if (actor === undefined) {
        fill(machine, ...nothing());
        fill(list);
        fill(events);
        return;
      }
      chosen = actor.id;
      const listed = [...actors.values()].slice(-MAX_LISTED).reverse();
      fill(
        list,
        html('h2', {}, 'Actors'),
        html(
          'ul',
          { class: 'plain' },
          ...listed.map((one) =>
            actorButton(one, one.id === chosen, () => {
              chosen = one.id;
              this.update(store);
            }),
          ),
        ),
      );
      fill(machine, ...machineOf(actor, drawing && picture(drawing, actor)));
      fill(events, ...eventsOf(actorEvents.filter(({ actorId }) => actorId === chosen)));
    },
  };
}

function firstOf({ actors }: Store): ActorSummary | undefined {
  return [...actors.values()].find(({ machine }) => machine !== undefined) ?? actors.values().next().value;
}

function nothing(): Node[] {
  return [
    html('h2', {}, 'Actors of other systems'),
    html('p', {}, 'Any XState application can show its actors here, beside the inits:'),
    html(
      'ul',
      {},
      html(
        'li',
        {},
        'in this process, with ',
        html('code', {}, 'createActor(machine, { inspect: inspector.inspect })'),
        ';',
      ),
      html(
        'li',
        {},
        'from elsewhere, with ',
        html('code', {}, 'createWebSocketInspector({ url: inspector.statelyUrl })'),
        ' of @statelyai/inspect.',
      ),
    ),
  ];
}

function actorButton(
  { id, name, status, states, parentId }: ActorSummary,
  isChosen: boolean,
  onChoose: () => void,
): HTMLElement {
  return html(
    'li',
    { class: parentId === undefined ? '' : 'child' },
    html(
      'button',
      { class: 'link-row', 'aria-pressed': isChosen, click: onChoose },
      html('span', { class: `dot status-${status === 'active' || status === 'done' ? status : 'error'}` }),
      html('bdi', {}, printable(name, 60)),
      html('span', { class: 'soft' }, printable(states.join(', ') || status, 80)),
      html('code', { class: 'soft' }, printable(id, 40)),
    ),
  );
}

function machineOf({ name, machine, states, status, context }: ActorSummary, picture: HTMLElement | undefined): Node[] {
  const active = new Set(states);
  return [
    html('h2', {}, html('bdi', {}, printable(name, 60))),
    html('p', { class: 'soft' }, `Status: ${printable(status)}. ${whereIn(states)}`),
    ...(picture === undefined ? [] : [picture]),
    picture !== undefined
      ? html('span')
      : machine === undefined
        ? html('p', { class: 'soft' }, 'It has no states of its own: a promise or a callback, for one.')
        : html('ul', { class: 'outline' }, ...machine.states.map((state) => outlineOf(state, '', active))),
    ...(context === undefined
      ? []
      : [
          html('h3', {}, 'Context'),
          html('pre', { tabindex: 0, 'aria-label': 'The context as JSON' }, pretty(context)),
        ]),
  ];
}

function whereIn(states: readonly string[]): string {
  return states.length === 0 ? '' : `It is in ${printable(states.join(', '), 300)}.`;
}

/** Draws the machine of one actor after the other, and marks in which states that is. */
function actorPicture(): (graph: DrawnGraph, actor: ActorSummary) => HTMLElement {
  let drawn: DrawnGraph | undefined;
  let diagram: Diagram | undefined;
  return (graph, { name, states }) => {
    if (drawn !== graph || diagram === undefined) {
      drawn = graph;
      diagram = new Diagram(graph, `The states of ${printable(name, 60)}`);
    }
    diagram.mark({ classes: activeIn(graph, states) });
    return diagram.element;
  };
}

/** The innermost states in which it is, and those around them. */
function activeIn({ states: all }: DrawnGraph, active: readonly string[]): ReadonlyMap<string, string> {
  const classes = new Map<string, string>();
  const paths = new Map<string, string>();
  for (const { id, key, parent, type } of all) {
    if (type === 'any') continue;
    const path = parent === undefined ? key : `${paths.get(parent)}.${key}`;
    paths.set(id, path);
    if (active.includes(path)) classes.set(id, 'here');
    else if (active.some((state) => state.startsWith(`${path}.`))) classes.set(id, 'around');
  }
  return classes;
}

function outlineOf(
  { key, description, isFinal, events, states }: MachineOutline,
  path: string,
  active: ReadonlySet<string>,
): HTMLElement {
  const own = `${path}${key}`;
  const isActive = [...active].some((state) => state === own || state.startsWith(`${own}.`));
  return html(
    'li',
    { class: isActive ? 'active' : '' },
    html('b', {}, printable(key, 60), isActive && html('span', { class: 'visually-hidden' }, ' (it is here)')),
    isFinal && html('span', { class: 'soft' }, ' (end)'),
    description !== undefined && html('p', { class: 'soft' }, printable(description)),
    events.length > 0 &&
      html(
        'p',
        { class: 'events' },
        ...events.map(({ event, target }) =>
          html('span', {}, printable(`${event}${target === '' ? '' : ` → ${target}`}`, 80)),
        ),
      ),
    states.length > 0 &&
      html('ul', { class: 'outline' }, ...states.map((state) => outlineOf(state, `${own}.`, active))),
  );
}

function eventsOf(events: readonly ActorEvent[]): Node[] {
  const rows = events
    .slice(-MAX_EVENTS)
    .reverse()
    .map(({ at, type, data = '', sourceId = '' }) =>
      html(
        'tr',
        {},
        html('td', { class: 'time' }, timeOfDay(at, true)),
        html('td', { class: 'address' }, html('b', {}, printable(type, 80))),
        html(
          'td',
          {},
          printable(data, 300),
          sourceId !== '' && html('span', { class: 'soft' }, ` from ${printable(sourceId, 40)}`),
        ),
      ),
    );
  return [
    html('h2', {}, 'Events that it got'),
    rows.length === 0
      ? html('p', { class: 'soft' }, 'None while somebody looked.')
      : html('table', {}, html('tbody', {}, ...rows)),
  ];
}

/** It may have been cut, and is no JSON then. */
function pretty(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2).replace(/[^\n]+/g, (line) => printable(line, 300));
  } catch {
    return printable(json, 2_000);
  }
}
