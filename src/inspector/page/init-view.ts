import type { InitSummary, InspectedMachine } from '../protocol.js';
import { recordingOf } from '../recorded-init.js';
import { backendPath } from './backend-path.js';
import { Diagram } from './diagram.js';
import { fill, html } from './dom.js';
import { causeInWords, explanationOf } from './explanations.js';
import { initBadge } from './init-badge.js';
import { type InitStep, stepsOf } from './init-steps.js';
import { openButton } from './inits-view.js';
import { outcomeOf } from './outcomes.js';
import { phaseList } from './phases.js';
import { duration, printable, timeOfDay } from './text.js';
import { timeline } from './timeline.js';
import type { Page, View } from './view.js';
import { Ways } from './ways.js';

/** One init, opened: its way through the diagram, step by step, and why it ended as it did. */
export function initView(page: Page): View & { show(init: InitSummary | undefined, from?: string): void } {
  const element = html('div', { class: 'view init-view' });
  let init: InitSummary | undefined;
  let origin: string | undefined;
  let shownIn: InspectedMachine | undefined;

  return {
    element,
    show(shown, from) {
      init = shown;
      origin = from;
      shownIn = undefined;
    },
    update({ machine }) {
      // An init that has ended does not change; what it is drawn into may.
      if (machine === undefined || shownIn === machine) return;
      shownIn = machine;
      if (init === undefined) fill(element, missing(page));
      else fill(element, ...opened(init, machine, page, origin));
    },
  };
}

function missing(page: Page): Node {
  return html(
    'section',
    { class: 'card' },
    html('h2', {}, 'This init is not here'),
    html('p', {}, 'It has not ended yet, or it is older than what the inspector keeps.'),
    openButton(page),
  );
}

function opened(init: InitSummary, machine: InspectedMachine, page: Page, origin: string | undefined): Node[] {
  const { graph, initial } = machine;
  const ways = new Ways(graph);
  const steps = stepsOf(init, initial);
  const diagram = new Diagram(graph, 'The way of this init', (id) => {
    const found = steps.findLastIndex(({ state }) => ways.stateId(state) === id);
    if (found >= 0) go(found);
  });
  const position = html('span', { class: 'position', role: 'status' });
  const detail = html('p', { class: 'step-detail', 'aria-live': 'polite' });
  const rows = steps.map((step, index) => stepRow(step, () => go(index)));
  let current = steps.length - 1;

  function go(index: number): void {
    current = Math.min(steps.length - 1, Math.max(0, index));
    const classes = new Map(graph.edges.map(({ id }) => [id, 'unused']));
    for (const { id } of graph.states) classes.set(id, 'unused');
    const weights = new Map<string, number>();
    const lines = new Map<string, number>();
    for (const [at, { state, from, taken }] of steps.entries()) {
      if (at > current) break;
      classes.set(ways.stateId(state), at === current ? 'here' : 'passed');
      if (from === undefined || from === state) continue;
      const edge = ways.edgeId(from, state, taken);
      classes.set(edge, at === current ? 'passed latest' : 'passed');
      weights.set(edge, 0.4);
      const line = ways.lineOf(edge, taken);
      if (line !== undefined) lines.set(edge, line);
      // The arrow does not begin at the state where the init was, but at the box that stands for all.
      if (edge.startsWith(`${graph.id}->`)) classes.set(graph.id, 'passed');
    }
    diagram.mark({ classes, weights, lines });
    for (const [at, row] of rows.entries()) {
      row.setAttribute('aria-current', at === current ? 'step' : 'false');
      row.classList.toggle('ahead', at > current);
    }
    const step = steps[current] as InitStep;
    const description = graph.states.find(({ key }) => key === step.state)?.description ?? '';
    fill(detail, html('b', {}, step.state), ` — ${description}`);
    position.textContent = `Step ${current + 1} of ${steps.length}`;
  }

  const controls = html(
    'div',
    { class: 'controls', role: 'group', 'aria-label': 'Step through the init' },
    html('button', { click: () => go(0), 'aria-label': 'To the first step' }, 'First'),
    html('button', { click: () => go(current - 1), 'aria-label': 'One step back' }, '◀ Back'),
    position,
    html('button', { click: () => go(current + 1), 'aria-label': 'One step forth' }, 'Forth ▶'),
    html('button', { click: () => go(steps.length - 1), 'aria-label': 'To the last step' }, 'Last'),
  );
  const way = html(
    'section',
    {
      class: 'card wide',
      tabindex: 0,
      'aria-label': 'The way of this init. The arrow keys step through it.',
      keydown: (event: KeyboardEvent) => {
        if (event.key === 'ArrowLeft') go(current - 1);
        else if (event.key === 'ArrowRight') go(current + 1);
        else return;
        event.preventDefault();
      },
    },
    html('h2', {}, 'Its way'),
    controls,
    detail,
    diagram.element,
  );
  go(current);
  const note =
    init.events === undefined &&
    html(
      'p',
      { class: 'soft' },
      'This init was not sampled: its steps are known, and not the events that led to them.',
    );
  return [
    verdict(init, machine, page, origin),
    way,
    html(
      'div',
      { class: 'side' },
      html(
        'section',
        { class: 'card' },
        html('h2', {}, 'What happened'),
        html('ol', { class: 'steps' }, ...rows),
        note,
      ),
      backends(init),
      response(init),
    ),
  ];
}

function verdict(init: InitSummary, machine: InspectedMachine, page: Page, origin: string | undefined): HTMLElement {
  const { username, user, ipAddress, referenceId, startedAt, duration: took, code, sessionId, state } = init;
  const who = printable(username, 80) || 'Nobody in particular';
  const isSuccess = init.reason === undefined;
  const description = machine.graph.states.find(({ key }) => key === state)?.description ?? '';
  const fact = (name: string, value: string | undefined) =>
    value === undefined ? [] : [html('dt', {}, name), html('dd', {}, html('bdi', {}, value))];
  return html(
    'section',
    { class: `card verdict ${outcomeOf(init.reason).kind}` },
    html(
      'p',
      { class: 'verdict-head' },
      initBadge(init),
      origin !== undefined && html('span', { class: 'soft' }, ` from ${origin}`),
    ),
    html('h1', {}, html('bdi', {}, who), isSuccess ? ' got a session' : ' got no session'),
    isSuccess && html('p', {}, description),
    why(init),
    timeline(init),
    phaseList(init),
    html(
      'dl',
      {},
      ...fact('Reference id', printable(referenceId)),
      ...fact('Code', code),
      ...fact('Authenticated as', user && printable(user)),
      ...fact('Address', printable(ipAddress)),
      ...fact('Session', sessionId === undefined ? undefined : String(sessionId)),
      ...fact('Began', timeOfDay(startedAt, true)),
      ...fact('Took', duration(took)),
    ),
    html(
      'p',
      { class: 'actions' },
      html('button', { click: () => save(init, machine) }, 'Save this init'),
      openButton(page),
    ),
  );
}

/** Why there is no session, in words for whoever runs the service, and what the backend said of it. */
function why(init: InitSummary): HTMLElement | undefined {
  const explanation = explanationOf(init);
  const { cause } = init;
  if (explanation === undefined && cause === undefined) return undefined;
  return html(
    'div',
    { class: 'cause' },
    explanation !== undefined && html('p', {}, html('b', {}, 'Why: '), explanation.why),
    cause !== undefined &&
      html('p', {}, html('b', {}, 'What was said: '), html('bdi', {}, printable(causeInWords(cause), 1_000))),
    explanation !== undefined && html('p', { class: 'soft' }, explanation.advice),
  );
}

function backends({ path }: InitSummary): HTMLElement | string {
  if (path === undefined || path.length === 0) return '';
  return html('section', { class: 'card' }, html('h2', {}, 'Which backend said what'), backendPath(path));
}

function stepRow({ at, state, what, isFault }: InitStep, onChoose: () => void): HTMLElement {
  return html(
    'li',
    {},
    html(
      'button',
      { class: isFault ? 'step fault' : 'step', click: onChoose },
      html('span', { class: 'time' }, `+${duration(at)}`),
      html('span', {}, printable(what, 400)),
      html('span', { class: 'to' }, '→ ', html('b', {}, state)),
    ),
  );
}

function response({ response }: InitSummary): HTMLElement | string {
  if (response === undefined) return '';
  return html(
    'section',
    { class: 'card' },
    html('h2', {}, 'The response'),
    html('p', { class: 'soft' }, 'As the client got it, but for the session’s secret, which never comes here.'),
    html(
      'pre',
      { tabindex: 0, 'aria-label': 'The response as JSON' },
      JSON.stringify(response, null, 2).replace(/[^\n]+/g, (line) => printable(line, 500)),
    ),
  );
}

/** Lets the browser save a recording. */
function save(init: InitSummary, machine: InspectedMachine): void {
  const text = JSON.stringify(recordingOf(init, machine), null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const name = `init-${init.referenceId.replace(/[^\w-]/g, '_').slice(0, 60)}.json`;
  html('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1_000);
}
