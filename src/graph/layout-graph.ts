import type { ELK, ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import { DefectError, MissingPackageError } from '../model/errors.js';
import { type Drawing, elkGraph, STRATEGIES, startId } from './elk-graph.js';
import { edgesOf, type GraphEdge, reactionsOf, statesOf } from './graph-edges.js';
import { boxTexts, labelTexts, type Texts } from './graph-texts.js';
import type { Box, LaidOutEdge, LaidOutGraph, LaidOutState, LaidOutText, Point } from './laid-out-graph.js';
import type { GraphState, MachineGraph } from './machine-graph.js';
import { wayToSuccess } from './way-to-success.js';

/**
 * Lays a machine out as a diagram, from top to bottom. The same machine has the same layout each time.
 *
 * @throws MissingPackageError if the package elkjs is not installed
 */
export async function layoutGraph(graph: MachineGraph): Promise<LaidOutGraph> {
  const elk = await createElk();
  const drawing = drawingOf(graph);
  const results = await Promise.allSettled(STRATEGIES.map((strategy) => elk.layout(elkGraph(drawing, strategy))));
  const start = startId(graph.root.id);
  const layouts = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const [best] = layouts.sort((a, b) => badness(a, start) - badness(b, start));
  if (best !== undefined) return readLayout(graph, drawing, best);
  throw new DefectError(`The machine '${graph.id}' could not be laid out.`, {
    cause: (results[0] as PromiseRejectedResult).reason,
  });
}

/**
 * What fits in the width of a page is better than what does not, and a small drawing is better than a large one. Who reads
 * it begins at the top: so should the machine.
 */
function badness({ width = 0, height = 0, children = [] }: ElkNode, start: string): number {
  const top = children.find((child) => child.id === start)?.y ?? 0;
  return width * height * Math.max(1, width / PAGE_WIDTH) ** 4 * (1 + top / Math.max(1, height));
}

const PAGE_WIDTH = 1_200;

async function createElk(): Promise<ELK> {
  const { default: exported } = await import('elkjs/lib/elk.bundled.js').catch((cause: unknown) => {
    throw new MissingPackageError('elkjs', 'The layout of a diagram', { cause });
  });
  // It is CommonJS that says of itself that it is not: for Node its default is what TypeScript takes for the module.
  const Elk = exported as unknown as typeof exported.default;
  return new Elk();
}

function drawingOf(graph: MachineGraph): Drawing {
  const { root } = graph;
  const states = statesOf(root);
  const edges = edgesOf(graph);
  const boxes = new Map(states.map((state) => [state.id, boxTexts(state, nameOf(state))]));
  if (states.length === 0) boxes.set(root.id, boxTexts(root, root.key));
  else if (root.transitions.length > 0 || edges.some(({ target }) => target === root.id)) {
    boxes.set(root.id, boxTexts(root, 'any state'));
  }
  const main = wayToSuccess(root, edges);
  const labels = new Map<string, Texts>();
  for (const edge of edges) {
    const texts = labelTexts(edge, main.has(edge.id));
    if (texts !== undefined) labels.set(edge.id, texts);
  }
  return { root, edges, main, boxes, labels };
}

function nameOf({ type, history, key }: GraphState): string {
  if (type !== 'history') return key;
  return history === 'deep' ? 'H*' : 'H';
}

function readLayout(
  graph: MachineGraph,
  { root, edges, main, boxes, labels }: Drawing,
  laidOut: ElkNode,
): LaidOutGraph {
  const nodes = new Map<string, ElkNode>();
  const visit = (node: ElkNode) => {
    nodes.set(node.id, node);
    node.children?.forEach(visit);
  };
  visit(laidOut);
  const routes = new Map((laidOut.edges ?? []).map((edge) => [edge.id, edge]));

  function readState(state: GraphState, type: LaidOutState['type'], parent: string | undefined): LaidOutState {
    const box = boxOf(nodes.get(state.id));
    return {
      ...{ id: state.id, key: state.key, type },
      ...(parent !== undefined && { parent }),
      ...(state.description !== undefined && { description: state.description }),
      ...(state.outcome !== undefined && { outcome: state.outcome }),
      ...box,
      reactions: reactionsOf(state),
      lines: moved(boxes.get(state.id)?.lines ?? [], box),
    };
  }

  function readStates(parent: GraphState): LaidOutState[] {
    const id = parent === root ? undefined : parent.id;
    return parent.states.flatMap((state) => [readState(state, state.type, id), ...readStates(state)]);
  }

  function readEdge(edge: GraphEdge): LaidOutEdge {
    const route = routes.get(edge.id);
    const label = route?.labels?.[0];
    const texts = labels.get(edge.id);
    return {
      ...{ id: edge.id, source: edge.source.id, target: edge.target, kind: kindOf(edge, main) },
      transitions: edge.transitions,
      points: pointsOf(route),
      ...(label && texts && { label: { ...boxOf(label), lines: moved(texts.lines, boxOf(label)) } }),
    };
  }

  const starts = [root, ...statesOf(root)].flatMap((state) => {
    const dot = nodes.get(startId(state.id));
    if (dot === undefined) return [];
    const { x, y, width, height } = boxOf(dot);
    const points = pointsOf(routes.get(startId(state.id)));
    return [{ state: state.initial as string, x: x + width / 2, y: y + height / 2, points }];
  });

  return {
    id: graph.id,
    ...(root.description !== undefined && { description: root.description }),
    width: rounded(laidOut.width),
    height: rounded(laidOut.height),
    states: [...(boxes.has(root.id) ? [readState(root, 'any', undefined)] : []), ...readStates(root)],
    edges: edges.map(readEdge),
    starts,
  };
}

function kindOf({ id, transitions }: GraphEdge, main: ReadonlySet<string>): LaidOutEdge['kind'] {
  if (main.has(id)) return 'main';
  if (transitions.every(({ kind }) => kind === 'after')) return 'deadline';
  return transitions.every(({ kind }) => kind === 'actorError') ? 'failure' : 'usual';
}

function pointsOf(route: ElkExtendedEdge | undefined): Point[] {
  return (route?.sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].map(({ x, y }) => ({ x: rounded(x), y: rounded(y) })),
  );
}

function boxOf(shape: Partial<Box> = {}): Box {
  return { x: rounded(shape.x), y: rounded(shape.y), width: rounded(shape.width), height: rounded(shape.height) };
}

function moved(lines: readonly LaidOutText[], { x, y }: Point): LaidOutText[] {
  return lines.map((line) => ({ ...line, x: rounded(line.x + x), y: rounded(line.y + y) }));
}

function rounded(value = 0): number {
  return Math.round(value * 10) / 10;
}
