import { edgesOf, reactionsOf, statesOf } from '../graph/graph-edges.js';
import { boxTexts } from '../graph/graph-texts.js';
import type { LaidOutGraph, LaidOutState } from '../graph/laid-out-graph.js';
import type { GraphState, MachineGraph } from '../graph/machine-graph.js';

const WIDTH = 1_000;
const GAP = { x: 90, y: 30 };
const MARGIN = 20;

/**
 * A machine for the page as long as there is no drawing of it: its states as boxes, in rows, those that come first on
 * top. Its arrows have no lines; the page tells in words where they lead.
 */
export function outlineGraph(graph: MachineGraph): LaidOutGraph {
  const edges = edgesOf(graph);
  const states: LaidOutState[] = [];
  let x = MARGIN + GAP.x;
  let y = MARGIN;
  let rowHeight = 0;
  for (const state of inOrder(graph)) {
    const { width, height, lines } = boxTexts(state, state.key);
    if (x + width > WIDTH && rowHeight > 0) {
      x = MARGIN + GAP.x;
      y += rowHeight + GAP.y;
      rowHeight = 0;
    }
    states.push({
      ...{ id: state.id, key: state.key, type: state.type },
      ...(state.description !== undefined && { description: state.description }),
      ...(state.outcome !== undefined && { outcome: state.outcome }),
      ...{ x, y, width, height },
      reactions: reactionsOf(state),
      lines: lines.map((line) => ({ ...line, x: line.x + x, y: line.y + y })),
    });
    x += width + GAP.x;
    rowHeight = Math.max(rowHeight, height);
  }
  return {
    id: graph.id,
    width: WIDTH,
    height: y + rowHeight + MARGIN,
    states,
    edges: edges.map(({ id, source, target, transitions }) => ({
      ...{ id, source: source.id, target, kind: 'usual' as const, transitions, points: [] },
    })),
    starts: [],
  };
}

/** The states in the order in which they can be reached, the ends last. */
function inOrder({ root }: MachineGraph): GraphState[] {
  const all = statesOf(root);
  const byId = new Map(all.map((state) => [state.id, state]));
  const found = new Set<GraphState>();
  const visit = (id: string | undefined) => {
    const state = byId.get(id ?? '');
    if (state === undefined || found.has(state)) return;
    found.add(state);
    visit(state.initial);
    for (const { targets } of state.transitions) for (const target of targets) visit(target);
  };
  visit(root.initial);
  for (const { id } of all) visit(id);
  return [...found].sort((one, other) => Number(one.type === 'final') - Number(other.type === 'final'));
}
