import { CLOCK_ROOM } from './graph-texts.js';
import type { LaidOutEdge, LaidOutGraph, LaidOutStart, LaidOutState, LaidOutText } from './laid-out-graph.js';
import { svgPath } from './svg-path.js';
import { svgStyle } from './svg-style.js';
import { transitionText } from './transition-text.js';
import { escapeXml } from './xml.js';

const KINDS = ['usual', 'main', 'deadline', 'failure'] as const satisfies readonly LaidOutEdge['kind'][];

/**
 * Draws a machine that is laid out, as an SVG file that needs nothing else: it follows the light or dark scheme of
 * whoever looks at it, shows descriptions as tooltips, and every text in it is escaped.
 */
export function writeSvg(graph: LaidOutGraph): string {
  const { width, height, id, description = '', states, edges, starts } = graph;
  const frames = states.filter(isFrame);
  const boxes = states.filter((state) => !isFrame(state));
  // What is drawn later lies above: the lines, then the texts on them, then the states.
  return `<svg xmlns="http://www.w3.org/2000/svg" class="machine-graph" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(`The states of ${id}`)}">
<desc>${escapeXml(description)}</desc>
<style>${svgStyle('machine-graph')}</style>
<defs>${KINDS.map(arrowHead).join('')}</defs>
<rect class="canvas" width="${width}" height="${height}" rx="12"/>
${[...frames.map(drawState), ...edges.map(drawEdge), ...starts.map(drawStart), ...edges.map(drawLabel), ...boxes.map(drawState)].filter((part) => part !== '').join('\n')}
</svg>
`;
}

function arrowHead(kind: LaidOutEdge['kind']): string {
  return `<marker id="head-${kind}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path class="head-${kind}" d="M0 .5L8 4L0 7.5z"/></marker>`;
}

function isFrame({ type }: LaidOutState): boolean {
  return type === 'compound' || type === 'parallel';
}

function drawState({
  id,
  key,
  x,
  y,
  width,
  height,
  type,
  outcome,
  description,
  lines,
  reactions,
}: LaidOutState): string {
  const classes = ['state', type, ...(outcome === undefined ? [] : [outcome])].join(' ');
  const radius = type === 'history' ? height / 2 : 10;
  const inner =
    type === 'final'
      ? `<rect class="box inner" x="${x + 3}" y="${y + 3}" width="${width - 6}" height="${height - 6}" rx="7"/>`
      : '';
  const tooltip = [description ?? key, ...reactions.map((it) => transitionText(it))].join('\n');
  return `<g class="${classes}" data-state="${escapeXml(id)}"><title>${escapeXml(tooltip)}</title><rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}"/>${inner}${lines.map(drawText).join('')}</g>`;
}

function drawEdge(edge: LaidOutEdge): string {
  const { kind, points } = edge;
  return `<g class="edge ${kind}" data-edge="${escapeXml(edge.id)}">${tooltipOf(edge)}<path class="line" d="${svgPath(points)}" marker-end="url(#head-${kind})"/></g>`;
}

function drawLabel(edge: LaidOutEdge): string {
  if (edge.label === undefined) return '';
  const { x, y, width, height, lines } = edge.label;
  return `<g class="label ${edge.kind}" data-edge="${escapeXml(edge.id)}">${tooltipOf(edge)}<rect class="plate" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>${lines.map(drawText).join('')}</g>`;
}

function tooltipOf({ transitions }: LaidOutEdge): string {
  return `<title>${escapeXml(transitions.map((it) => transitionText(it)).join('\n'))}</title>`;
}

function drawStart({ x, y, points }: LaidOutStart): string {
  return `<g class="start"><path class="line" d="${svgPath(points)}" marker-end="url(#head-usual)"/><circle class="dot" cx="${x}" cy="${y}" r="5"/></g>`;
}

function drawText({ x, y, text, role, anchor }: LaidOutText): string {
  const clock = role === 'deadline' ? drawClock(x - CLOCK_ROOM + 5.5, y - 4) : '';
  const middle = anchor === 'middle' ? ' text-anchor="middle"' : '';
  return `${clock}<text class="${role}" x="${x}" y="${y}"${middle}>${escapeXml(text)}</text>`;
}

function drawClock(x: number, y: number): string {
  return `<path class="clock" d="M${x - 4.5} ${y}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0M${x} ${y - 2.5}v2.5h2"/>`;
}
