import type { InitSummary, Overview } from '../protocol.js';
import { Diagram, type Marks } from './diagram.js';
import { fill, html } from './dom.js';
import { initBadge } from './init-badge.js';
import { legend } from './legend.js';
import { statePanel } from './state-panel.js';
import type { Store } from './store.js';
import { counted, duration, percent, printable, timeOfDay } from './text.js';
import type { Page, View } from './view.js';
import { Ways } from './ways.js';

const MAX_FAILURES = 5;
const MAX_WAITING = 8;
/** Beyond this share of its deadline a state is slow. */
const SLOW = 0.2;

const OUTLINE_NOTE =
  'These are the steps of a machine of your own. Its arrows are drawn as soon as there is a layout, for which the package elkjs must be installed; choose a step to read where it leads.';

/** Where all inits are now, which way they went, and where they are slow. */
export function liveView(page: Page): View {
  const picture = html('div', { class: 'picture' });
  const summary = html('p', { class: 'summary', 'aria-live': 'off' });
  const note = html('p', { class: 'soft' });
  const chosen = html('section', { class: 'card', 'aria-live': 'polite' });
  const waiting = html('section', { class: 'card' });
  const failures = html('section', { class: 'card' });
  const element = html(
    'div',
    { class: 'view live-view' },
    html('section', { class: 'card wide' }, html('h2', {}, 'Where inits are'), summary, note, picture),
    html('div', { class: 'side' }, chosen, failures, waiting, legend()),
  );
  let diagram: Diagram | undefined;
  let drawn: Store['machine'];
  let chosenState: string | undefined;

  return {
    element,
    update(store) {
      const { machine, overview, inits } = store;
      if (machine === undefined || overview === undefined) return;
      if (drawn !== machine || diagram === undefined) {
        drawn = machine;
        diagram = new Diagram(machine.graph, 'The steps of an init, and where inits are now', (id) => {
          chosenState = chosenState === id ? undefined : id;
          this.update(store);
        });
        fill(picture, diagram.element);
        note.textContent = machine.isOutline ? OUTLINE_NOTE : '';
        note.hidden = !machine.isOutline;
      }
      const ways = new Ways(machine.graph);
      diagram.mark(marksOf(machine.graph, overview, ways, chosenState));
      fill(summary, ...summaryOf(overview));
      fill(chosen, ...statePanel(machine, overview, chosenState, page));
      fill(waiting, ...waitingList(overview));
      fill(failures, ...failureList(inits, page));
    },
  };
}

function marksOf(
  graph: NonNullable<Store['machine']>['graph'],
  overview: Overview,
  ways: Ways,
  chosen: string | undefined,
): Marks {
  const badges = new Map<string, { text: string; kind: 'present' | 'ended' }>();
  const notes = new Map<string, string>();
  const beads = new Map<string, string>();
  const weights = new Map<string, number>();
  const classes = new Map<string, string>();
  const counts = new Map<string, number>();
  const leaving = new Map<string, number>();
  for (const [way, count] of Object.entries(overview.ways)) {
    const [from = '', to = ''] = way.split('->');
    const id = ways.edgeId(from, to);
    counts.set(id, (counts.get(id) ?? 0) + count);
    const source = id.slice(0, id.indexOf('->'));
    leaving.set(source, (leaving.get(source) ?? 0) + count);
  }
  const isUsed = counts.size > 0;
  for (const { id, source } of graph.edges) {
    const count = counts.get(id) ?? 0;
    if (count === 0) {
      if (isUsed) classes.set(id, 'unused');
      continue;
    }
    const share = count / (leaving.get(source) ?? count);
    weights.set(id, count / Math.max(1, overview.completed));
    beads.set(id, source === graph.id ? String(count) : percent(share));
  }
  for (const { id, key, type } of graph.states) {
    const figures = overview.states[key];
    const present = overview.present[key] ?? 0;
    const names: string[] = [];
    if (type === 'final' && figures !== undefined) badges.set(id, { text: short(figures.count), kind: 'ended' });
    if (present > 0) {
      badges.set(id, { text: short(present), kind: 'present' });
      names.push('busy');
    }
    if (type !== 'final' && figures !== undefined && figures.p95 > 0) {
      notes.set(id, `${duration(figures.p50)} · p95 ${duration(figures.p95)}`);
    }
    if (isSlow(graph, id, figures?.p95 ?? 0, longestWait(overview, key))) names.push('slow');
    if (id === chosen) names.push('chosen');
    classes.set(id, names.join(' '));
  }
  return { badges, notes, beads, weights, classes };
}

function isSlow(graph: NonNullable<Store['machine']>['graph'], id: string, p95: number, waited: number): boolean {
  const delays = graph.edges
    .filter(({ source }) => source === id)
    .flatMap(({ transitions }) => transitions.map(({ delay }) => delay?.milliseconds ?? Number.POSITIVE_INFINITY));
  return Math.max(p95, waited) > SLOW * Math.min(...delays);
}

function longestWait({ waiting }: Overview, state: string): number {
  return Math.max(0, ...waiting.filter((init) => init.state === state).map(({ waited }) => waited));
}

function short(count: number): string {
  if (count < 10_000) return String(count);
  return count < 1_000_000 ? `${Math.round(count / 1_000)}k` : `${(count / 1_000_000).toFixed(1)}M`;
}

function summaryOf({ since, completed, present, states }: Overview): (Node | string)[] {
  const underWay = Object.values(present).reduce((sum, count) => sum + count, 0);
  const succeeded = states['authorized']?.count ?? 0;
  if (completed + underWay === 0) {
    return [
      'No init yet. An ',
      html('b', {}, 'init'),
      ' is one attempt to get a session; as soon as a client asks for one, it shows here.',
    ];
  }
  const share = completed === 0 ? '' : ` ${percent(succeeded / completed)} of them got a session.`;
  return [
    html('b', {}, counted(underWay, 'init')),
    ' under way now; ',
    html('b', {}, counted(completed, 'init')),
    ` ended since ${timeOfDay(since)}.${share}`,
  ];
}

function waitingList({ waiting }: Overview): Node[] {
  const rows = waiting
    .slice(0, MAX_WAITING)
    .map(({ referenceId, username, ipAddress, state, waited }) =>
      html(
        'li',
        {},
        html('span', { class: `dot phase-${state}` }),
        html('b', {}, html('bdi', {}, printable(username, 40) || '(no user)')),
        html('span', {}, ` is in ${state} for ${duration(waited)}`),
        html('span', { class: 'soft' }, `, from ${printable(ipAddress)} `),
        html('code', { class: 'soft', title: 'reference id' }, printable(referenceId)),
      ),
    );
  const heading = html('h2', {}, 'Under way');
  if (rows.length === 0) return [heading, html('p', { class: 'soft' }, 'Nobody is waiting for an answer.')];
  return [heading, html('ul', { class: 'plain' }, ...rows)];
}

function failureList(inits: readonly InitSummary[], page: Page): Node[] {
  const latest: InitSummary[] = [];
  for (
    let index = inits.length - 1;
    index >= 0 && index > inits.length - 5_000 && latest.length < MAX_FAILURES;
    index--
  ) {
    const init = inits[index] as InitSummary;
    if (init.reason !== undefined) latest.push(init);
  }
  const heading = html('h2', {}, 'Latest without a session');
  if (latest.length === 0) return [heading, html('p', { class: 'soft' }, 'None so far.')];
  const rows = latest.map((init) =>
    html(
      'li',
      {},
      html(
        'button',
        { class: 'link-row', click: () => page.openInit(init.referenceId) },
        initBadge(init),
        html('bdi', {}, printable(init.username, 40) || '(no user)'),
        html(
          'span',
          { class: 'why' },
          `${timeOfDay(init.startedAt + init.duration)} · ${printable(init.cause ?? init.code ?? '', 90)}`,
        ),
      ),
    ),
  );
  return [
    heading,
    html('ul', { class: 'plain' }, ...rows),
    html('button', { class: 'quiet', click: () => page.openFilter('outcome:failure') }, 'All failures'),
  ];
}
