import type { OutcomeSlot } from '../protocol.js';
import { fill, html, svg } from './dom.js';
import { OUTCOMES, type Outcome, outcomeClass } from './outcomes.js';
import { counted, percent, timeOfDay } from './text.js';
import type { Page, View } from './view.js';

const WIDTH = 1_100;
const HEIGHT = 320;
const LEFT = 56;
const BOTTOM = 28;
const SLOT = 5_000;
const SPANS = [
  ['2 minutes', 24],
  ['5 minutes', 60],
  ['15 minutes', 180],
] as const;

/** How inits ended over the last minutes, by reason. */
export function outcomesView(page: Page): View {
  let slots: number = SPANS[1][1];
  let show = () => {};
  const chart = html('div', { class: 'chart' });
  const key = html('div', { class: 'chart-key' });
  const spans = SPANS.map(([label, count]) =>
    html(
      'button',
      {
        class: 'chip',
        click: () => {
          slots = count;
          show();
        },
      },
      label,
    ),
  );
  const element = html(
    'div',
    { class: 'view' },
    html(
      'section',
      { class: 'card wide' },
      html('h2', {}, 'How inits ended'),
      html(
        'p',
        { class: 'soft' },
        'Each bar is five seconds. What is nobody’s fault is yellow to brown, what broke or took too long is red to violet.',
      ),
      html('div', { class: 'filter-bar', role: 'group', 'aria-label': 'Time span' }, ...spans),
      chart,
      key,
    ),
  );
  return {
    element,
    update({ slots: known, at }) {
      show = () => {
        for (const [index, button] of spans.entries())
          button.setAttribute('aria-pressed', String(SPANS[index]?.[1] === slots));
        const end = Math.floor(at / SLOT) * SLOT;
        const times = Array.from({ length: slots }, (_, index) => end - (slots - 1 - index) * SLOT);
        const bars = times.map((time) => known.get(time) ?? { at: time, counts: {} });
        fill(chart, drawn(bars));
        fill(key, totals(bars, page));
      };
      show();
    },
  };
}

function drawn(bars: readonly OutcomeSlot[]): SVGSVGElement {
  const most = Math.max(4, ...bars.map(sumOf));
  const step = niceStep(most / 4);
  const top = Math.ceil(most / step) * step;
  const height = (count: number) => (count / top) * (HEIGHT - BOTTOM - 12);
  const base = HEIGHT - BOTTOM;
  const width = (WIDTH - LEFT) / bars.length;
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step).flatMap((count) => [
    svg('line', { class: 'grid', x1: LEFT, x2: WIDTH, y1: base - height(count), y2: base - height(count) }),
    svg(
      'text',
      { class: 'axis', x: LEFT - 8, y: base - height(count) + 4, 'text-anchor': 'end' },
      count.toLocaleString('en'),
    ),
  ]);
  const every = Math.max(1, Math.round(bars.length / 8));
  const labels = bars.flatMap(({ at }, index) =>
    index % every === 0 ? [svg('text', { class: 'axis', x: LEFT + index * width, y: HEIGHT - 8 }, timeOfDay(at))] : [],
  );
  const columns = bars.map((slot, index) => {
    let y = base;
    const pieces = OUTCOMES.flatMap((outcome) => {
      const count = slot.counts[outcome.reason] ?? 0;
      if (count === 0) return [];
      y -= height(count);
      const box = { x: LEFT + index * width + 0.5, y, width: Math.max(1, width - 1.5), height: height(count) };
      return [svg('rect', { ...box, class: outcomeClass(outcome) })];
    });
    return svg('g', {}, svg('title', {}, `${timeOfDay(slot.at)}: ${describe(slot)}`), ...pieces);
  });
  const total = bars.reduce((sum, slot) => sum + sumOf(slot), 0);
  return svg(
    'svg',
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: 'img',
      'aria-label': `${counted(total, 'init')} ended in this span. The table below has the numbers.`,
    },
    ...lines,
    ...columns,
    ...labels,
  );
}

function totals(bars: readonly OutcomeSlot[], page: Page): Node {
  const total = bars.reduce((sum, slot) => sum + sumOf(slot), 0);
  const rows = OUTCOMES.map((outcome) => {
    const count = bars.reduce((sum, { counts }) => sum + (counts[outcome.reason] ?? 0), 0);
    return html(
      'tr',
      { class: count === 0 ? 'none' : '' },
      html('td', {}, html('span', { class: `swatch ${outcomeClass(outcome)}` })),
      html('th', { scope: 'row' }, filterButton(outcome, page)),
      html('td', { class: 'number' }, count.toLocaleString('en')),
      html('td', { class: 'number' }, total === 0 ? '' : percent(count / total)),
      html('td', {}, html('code', {}, outcome.reason)),
    );
  });
  const head = ['', 'Outcome', 'Inits', 'Share', 'Reason in the response'];
  return html(
    'table',
    {},
    html('thead', {}, html('tr', {}, ...head.map((name) => html('th', { scope: 'col' }, name)))),
    html('tbody', {}, ...rows),
  );
}

function filterButton({ reason, label }: Outcome, page: Page): HTMLElement {
  return html('button', { class: 'link', click: () => page.openFilter(`outcome:${reason || 'success'}`) }, label);
}

function describe({ counts }: OutcomeSlot): string {
  const parts = OUTCOMES.flatMap(({ reason, label }) =>
    counts[reason] ? [`${counts[reason]} ${label.toLowerCase()}`] : [],
  );
  return parts.join(', ') || 'no init ended';
}

function sumOf({ counts }: OutcomeSlot): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  const factor = [1, 2, 5, 10].find((it) => it * power >= least) ?? 10;
  return factor * power;
}
