import { svgPath } from '../../graph/svg-path.js';
import type { InspectedMachine } from '../protocol.js';
import { html, svg } from './dom.js';

/** A machine, laid out. */
export type DrawnGraph = InspectedMachine['graph'];
type Graph = DrawnGraph;
type State = Graph['states'][number];
type Edge = Graph['edges'][number];
type Line = State['lines'][number];

const HEADS = ['main', 'usual', 'deadline', 'failure'] as const;

const SCROLL_HINT = 'The picture is wider than the screen: swipe or scroll it sideways to see the rest.';

/** What a diagram shows beside the machine itself, by the ids of states and edges. */
export interface Marks {
  /** In the corner of a state. */
  badges?: ReadonlyMap<string, { text: string; kind: 'present' | 'ended' }>;
  /** Below a state. */
  notes?: ReadonlyMap<string, string>;
  /** On the line of an edge. */
  beads?: ReadonlyMap<string, string>;
  /** How thick an edge is, from 0 to 1. */
  weights?: ReadonlyMap<string, number>;
  /** Classes of states and edges: `slow`, `passed`, `here`, … */
  classes?: ReadonlyMap<string, string>;
  /** Of the lines in the label of an edge, the one that counts. */
  lines?: ReadonlyMap<string, number>;
}

/** A machine as a picture, whose states can be chosen with the pointer or the keyboard. */
export class Diagram {
  readonly element: HTMLElement;
  readonly #states = new Map<string, { group: SVGGElement; badge: SVGGElement; note: SVGTextElement }>();
  readonly #edges = new Map<string, { group: SVGGElement; label: SVGGElement | undefined; bead: SVGGElement }>();

  /** @param onChoose - told the id of the state that was chosen */
  constructor(graph: Graph, label: string, onChoose?: (stateId: string) => void) {
    const { width, height } = graph;
    const suffix = String(Math.random()).slice(2);
    const headOf = (kind: Edge['kind']) => `head-${kind}-${suffix}`;
    const edges = graph.edges.map((edge) => this.#drawEdge(edge, headOf(edge.kind)));
    const starts = graph.starts.map(({ x, y, points }) =>
      svg(
        'g',
        { class: 'start' },
        svg('path', { d: svgPath(points), 'marker-end': `url(#${headOf('usual')})` }),
        svg('circle', { cx: x, cy: y, r: 5 }),
      ),
    );
    const labels = [...this.#edges.values()].flatMap(({ label }) => label ?? []);
    const beads = [...this.#edges.values()].map(({ bead }) => bead);
    const parents = new Set(graph.states.map(({ parent }) => parent));
    const outer: SVGGElement[] = [];
    const inner: SVGGElement[] = [];
    for (const state of graph.states) {
      (parents.has(state.id) ? outer : inner).push(this.#drawState(state, onChoose));
    }
    const picture = svg(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, role: onChoose ? 'group' : 'img', 'aria-label': label },
      svg('defs', {}, ...HEADS.map((kind) => arrowHead(kind, headOf(kind)))),
      // What is inside of a state must not lie under it.
      ...outer,
      ...edges,
      ...starts,
      ...labels,
      ...beads,
      ...inner,
    );
    picture.style.maxWidth = `${width}px`;
    const frame = html('div', { class: 'diagram' }, picture);
    const [start] = graph.starts;
    // Where it is cut off by a small screen, the place where it begins is seen first.
    requestAnimationFrame(() => {
      frame.scrollLeft = ((start?.x ?? 0) / width) * frame.scrollWidth - frame.clientWidth / 2;
    });
    this.element = html('div', { class: 'diagram-frame' }, html('p', { class: 'scroll-hint' }, SCROLL_HINT), frame);
  }

  mark({ badges, notes, beads, weights, classes, lines }: Marks): void {
    for (const [id, { group, badge, note }] of this.#states) {
      setClass(group, 'mark', classes?.get(id) ?? '');
      const text = badges?.get(id);
      badge.setAttribute('class', `badge ${text?.kind ?? 'none'}`);
      const [box, words] = badge.children as unknown as [SVGRectElement, SVGTextElement];
      setText(words, text?.text ?? '');
      const width = 12 + (text?.text.length ?? 0) * 7.5;
      const right = Number(badge.dataset['right']);
      box.setAttribute('width', String(width));
      box.setAttribute('x', String(right - width / 2));
      words.setAttribute('x', String(right));
      setText(note, notes?.get(id) ?? '');
    }
    for (const [id, { group, label, bead }] of this.#edges) {
      setClass(group, 'mark', classes?.get(id) ?? '');
      if (label !== undefined) {
        setClass(label, 'mark', classes?.get(id) ?? '');
        markLine(label, lines?.get(id));
      }
      const weight = weights?.get(id);
      group.style.setProperty('--weight', String(1.4 + (weight ?? 0) * 4));
      const text = beads?.get(id) ?? '';
      const [box, words] = bead.children as unknown as [SVGRectElement, SVGTextElement];
      bead.setAttribute('class', text === '' ? 'bead none' : 'bead');
      setText(words, text);
      const width = 10 + text.length * 6.4;
      box.setAttribute('width', String(width));
      box.setAttribute('x', String(Number(words.getAttribute('x')) - width / 2));
    }
  }

  #drawState(state: State, onChoose: ((stateId: string) => void) | undefined): SVGGElement {
    const { id, key, x, y, width, height, type, outcome = '', description, lines } = state;
    const badge = svg(
      'g',
      { class: 'badge none', 'data-right': x + width - 4 },
      svg('rect', { y: y - 10, height: 20, rx: 10 }),
      svg('text', { y: y + 4.5 }),
    );
    const note = svg('text', { class: 'note', x: x - 8, y: y + height / 2 + 4 });
    const group = svg(
      'g',
      {
        class: `state ${type} ${outcome}`,
        'data-state': id,
        ...(onChoose && {
          tabindex: 0,
          role: 'button',
          'aria-label': `${key}. ${description ?? ''}`,
          click: () => onChoose(id),
          keydown: (event: KeyboardEvent) => {
            if (event.key !== 'Enter' && event.key !== ' ') return;
            event.preventDefault();
            onChoose(id);
          },
        }),
      },
      svg('title', {}, description ?? key),
      svg('rect', { class: 'box', x, y, width, height, rx: 10 }),
      type === 'final' &&
        svg('rect', { class: 'inner', x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 7 }),
      ...lines.map(drawText),
      note,
      badge,
    );
    this.#states.set(id, { group, badge, note });
    return group;
  }

  #drawEdge({ id, kind, points, label, transitions }: Edge, head: string): SVGGElement {
    const title = transitions
      .map(({ event, guard }) => [event, guard && `[${guard}]`].filter(Boolean).join(' '))
      .join('\n');
    const group = svg(
      'g',
      { class: `edge ${kind}`, 'data-edge': id },
      svg('title', {}, title),
      svg('path', { d: svgPath(points), 'marker-end': `url(#${head})` }),
    );
    const words =
      label &&
      svg(
        'g',
        { class: `label ${kind}` },
        svg('title', {}, title),
        svg('rect', { x: label.x, y: label.y, width: label.width, height: label.height, rx: 6 }),
        ...label.lines.map(drawText),
      );
    // Without a line there is no place for it.
    const hasPlace = points.length > 0;
    const place = label ? { x: label.x + label.width / 2, y: label.y + label.height + 9 } : middleOf(points);
    const bead = svg(
      'g',
      { class: 'bead none' },
      svg('rect', { y: place.y - 8, height: 16, rx: 8 }),
      svg('text', { x: place.x, y: place.y + 4 }),
    );
    if (!hasPlace) bead.style.display = 'none';
    this.#edges.set(id, { group, label: words, bead });
    return group;
  }
}

function drawText({ x, y, text, role, anchor }: Line): SVGTextElement {
  return svg('text', { x, y, class: role, 'text-anchor': anchor }, text);
}

function arrowHead(kind: string, id: string): SVGMarkerElement {
  const shape = { id, viewBox: '0 0 8 8', refX: 7.5, refY: 4, markerWidth: 9, markerHeight: 9, orient: 'auto' };
  return svg(
    'marker',
    { ...shape, markerUnits: 'userSpaceOnUse' },
    svg('path', { class: `head ${kind}`, d: 'M0 .5 8 4 0 7.5z' }),
  );
}

type Point = Edge['points'][number];

function middleOf(points: readonly Point[]): Point {
  const one = points[Math.floor((points.length - 1) / 2)] ?? { x: 0, y: 0 };
  const other = points[Math.ceil((points.length - 1) / 2)] ?? one;
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

function markLine(label: SVGGElement, line: number | undefined): void {
  for (const [index, text] of label.querySelectorAll('text').entries()) {
    text.classList.toggle('taken', index === line);
    text.classList.toggle('not-taken', line !== undefined && index !== line);
  }
}

function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function setClass(element: SVGElement, key: 'mark', value: string): void {
  const before = element.dataset[key] ?? '';
  if (before === value) return;
  for (const name of before.split(' ')) if (name !== '') element.classList.remove(name);
  for (const name of value.split(' ')) if (name !== '') element.classList.add(name);
  element.dataset[key] = value;
}
