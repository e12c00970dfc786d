import { readRecording } from '../recorded-init.js';
import { actorsView } from './actors-view.js';
import { type ConnectionStatus, stayConnected } from './connection.js';
import { connectionsView } from './connections-view.js';
import { fill, html } from './dom.js';
import { initView } from './init-view.js';
import { initsView } from './inits-view.js';
import { liveView } from './live-view.js';
import { STATUS_TEXTS, tokenForm } from './notices.js';
import { outcomesView } from './outcomes-view.js';
import { Store } from './store.js';
import { printable } from './text.js';
import { themeButton } from './theme.js';
import { forgetToken, takeToken, tokenIn } from './token.js';
import type { Page, View } from './view.js';

const store = new Store();
const page: Page = {
  openInit: (referenceId) => goTo(`init/${encodeURIComponent(referenceId)}`),
  openFilter(filter) {
    inits.setFilter(filter);
    goTo('inits');
  },
  openRecording,
};

const inits = initsView(page);
const one = initView(page);
const views: Readonly<Record<string, { title: string; view: View }>> = {
  live: { title: 'Live', view: liveView(page) },
  inits: { title: 'Inits', view: inits },
  outcomes: { title: 'Outcomes', view: outcomesView(page) },
  connections: { title: 'Connections', view: connectionsView() },
  actors: { title: 'Actors', view: actorsView() },
};

const status = html('span', { class: 'status', role: 'status' });
const notice = html('p', { class: 'notice', role: 'alert', hidden: true });
const tabs = Object.entries(views).map(([name, { title }]) =>
  html('a', { href: `#/${name}`, 'data-view': name }, title),
);
const main = html('main', { id: 'main', tabindex: -1 });
document.body.append(
  html(
    'a',
    {
      class: 'skip',
      href: '#main',
      click: (event: Event) => {
        event.preventDefault();
        main.focus();
      },
    },
    'To the content',
  ),
  html(
    'header',
    {},
    html('strong', { class: 'brand' }, 'session-init', html('span', {}, ' inspector')),
    html('nav', { 'aria-label': 'Views' }, ...tabs),
    status,
    themeButton(html('button', { class: 'theme' })),
  ),
  notice,
  main,
);

let current: View = inits;
/** The id of an init that was asked for and has not come yet. */
let missing: string | undefined;
let isScheduled = false;

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    current.update(store);
  });
}

function goTo(place: string): void {
  location.hash = `#/${place}`;
}

function route(): void {
  const [, name = 'live', id = ''] = /^#\/(\w+)(?:\/(.*))?$/.exec(location.hash) ?? [];
  missing = undefined;
  if (name === 'init') {
    const referenceId = decoded(id);
    const init = store.initsById.get(referenceId);
    if (init === undefined) missing = referenceId;
    one.show(init);
    show(one, 'inits');
  } else if (name !== 'recording') {
    const known = Object.hasOwn(views, name) ? name : 'live';
    show(views[known]?.view ?? inits, known);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function show(view: View, tab: string): void {
  current = view;
  fill(main, view.element);
  for (const link of tabs) {
    if (link.dataset['view'] === tab) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  schedule();
}

async function openRecording(file: File): Promise<void> {
  const { machine } = store;
  if (machine === undefined)
    return tell('Wait until the page is connected: the machine that the recording is of comes from there.');
  const init = readRecording(await file.text(), { id: machine.graph.id, version: machine.version });
  if (typeof init === 'string') return tell(`${printable(file.name, 80)}: ${init}`);
  tell('');
  goTo('recording');
  one.show(init, `the file ${printable(file.name, 80)}`);
  show(one, 'inits');
}

function tell(text: string): void {
  notice.textContent = text;
  notice.hidden = text === '';
}

function showStatus(is: ConnectionStatus): void {
  const [word, advice] = STATUS_TEXTS[is];
  status.textContent = word;
  status.className = `status ${is}`;
  tell(advice);
  if (is !== 'refused') return;
  forgetToken();
  fill(main, tokenForm(true));
}

const token = takeToken();
addEventListener('hashchange', () => {
  // The address was opened where the page is already.
  if (tokenIn(location.hash) !== undefined) {
    takeToken();
    location.reload();
  } else if (token !== undefined) route();
});
if (token === undefined) {
  status.textContent = 'no token';
  fill(main, tokenForm(false));
} else {
  route();
  stayConnected(
    token,
    (message) => {
      store.take(message);
      // What was asked for by its id may be there now.
      if (missing !== undefined && store.initsById.has(missing)) route();
      schedule();
    },
    showStatus,
  );
}
