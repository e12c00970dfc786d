import type { InitSummary } from '../protocol.js';
import { fill, html } from './dom.js';
import { FILTER_KEYS, type Filter, readFilter } from './filter.js';
import { initBadge } from './init-badge.js';
import { phaseLegend } from './phases.js';
import type { Store } from './store.js';
import { counted, duration, printable, timeOfDay } from './text.js';
import { timeline } from './timeline.js';
import type { Page, View } from './view.js';
import { VirtualList } from './virtual-list.js';

const CHIPS = [
  ['All', ''],
  ['With a session', 'outcome:success'],
  ['Without', 'outcome:failure'],
  ['Slow', 'slower:1s'],
] as const;

/** The inits that have ended, the newest on top, and a filter. */
export function initsView(page: Page): View & { setFilter(text: string): void } {
  let filter: Filter = () => true;
  let shown: InitSummary[] = [];
  let seen = 0;
  let generation = -1;
  let isNew = true;

  const input = html('input', {
    type: 'search',
    id: 'filter',
    placeholder: 'outcome:failure  user:alice  slower:200ms',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': 'filter-problem filter-help',
    input: () => setText(input.value),
  });
  const problem = html('p', { id: 'filter-problem', class: 'problem', role: 'alert' });
  const count = html('p', { class: 'soft', role: 'status' });
  const chips = CHIPS.map(([label, text]) => html('button', { class: 'chip', click: () => setText(text) }, label));
  const list = new VirtualList<InitSummary>({
    label: 'Inits that have ended, the newest first',
    rowHeight: 44,
    draw: rowOf,
    onOpen: ({ referenceId }) => page.openInit(referenceId),
  });
  let store: Store | undefined;

  function setText(text: string): void {
    if (input.value !== text) input.value = text;
    const states = store?.machine?.graph.states.filter(({ type }) => type !== 'any').map(({ key }) => key) ?? [];
    const read = readFilter(text, states);
    input.setAttribute('aria-invalid', String(typeof read === 'string'));
    problem.textContent = typeof read === 'string' ? read : '';
    for (const [index, chip] of chips.entries())
      chip.setAttribute('aria-pressed', String(CHIPS[index]?.[1] === text.trim()));
    // While it is wrong, the one of before stays.
    if (typeof read === 'string') return;
    filter = read;
    isNew = true;
    if (store !== undefined) update(store);
  }

  function update(from: Store): void {
    const isFirst = store === undefined;
    store = from;
    if (isFirst) setText(input.value);
    const { inits } = from;
    if (isNew || generation !== from.generation) {
      shown = inits.filter(filter);
    } else {
      for (let index = seen; index < inits.length; index++) {
        const init = inits[index] as InitSummary;
        if (filter(init)) shown.push(init);
      }
    }
    seen = inits.length;
    generation = from.generation;
    list.show(shown, !isNew);
    isNew = false;
    const skipped =
      from.skipped > 0 ? ` ${counted(from.skipped, 'init')} came too fast to show, and are only counted.` : '';
    fill(
      count,
      `${counted(shown.length, 'init')}${shown.length === inits.length ? '' : ` of ${inits.length.toLocaleString('en')}`}.${skipped}`,
    );
  }

  const element = html(
    'div',
    { class: 'view inits-view' },
    html(
      'section',
      { class: 'card wide' },
      html('h2', {}, 'Inits'),
      html(
        'div',
        { class: 'filter-bar' },
        html('label', { for: 'filter' }, 'Filter'),
        input,
        ...chips,
        openButton(page),
      ),
      problem,
      html(
        'p',
        { id: 'filter-help', class: 'soft' },
        `Words, or ${FILTER_KEYS.map((key) => `${key}:`).join(' ')} with a value.`,
      ),
      html('div', { class: 'list-head' }, count, phaseLegend()),
      html(
        'div',
        { class: 'row head', 'aria-hidden': true },
        ...['Ended', 'Outcome', 'User', 'Address', 'Took', 'Where the time went', 'Why'].map((name) =>
          html('span', {}, name),
        ),
      ),
      list.element,
    ),
  );
  return { element, update, setFilter: setText };
}

/** A button that opens a recorded init from a file. */
export function openButton(page: Page): HTMLElement {
  const file = html('input', {
    type: 'file',
    accept: '.json,application/json',
    class: 'hidden',
    'aria-label': 'A recorded init',
    change: () => {
      const [chosen] = file.files ?? [];
      if (chosen !== undefined) page.openRecording(chosen);
      file.value = '';
    },
  });
  return html('span', {}, file, html('button', { click: () => file.click() }, 'Open a recording…'));
}

function rowOf(init: InitSummary): Node[] {
  const { username, user = '', ipAddress, startedAt, duration: took, cause, code } = init;
  const known = user !== '' && user !== username ? ` as ${printable(user, 40)}` : '';
  return [
    html('span', { class: 'time' }, timeOfDay(startedAt + took, true)),
    initBadge(init),
    html('bdi', { class: 'user', title: printable(username) }, `${printable(username, 60) || '(no user)'}${known}`),
    html('span', { class: 'address' }, printable(ipAddress, 50)),
    html('span', { class: 'took' }, duration(took)),
    timeline(init),
    html('span', { class: 'why' }, printable(cause ?? code ?? '', 160)),
  ];
}
