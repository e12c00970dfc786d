import type { ElkExtendedEdge, ElkNode, LayoutOptions } from 'elkjs/lib/elk-api.js';
import { type GraphEdge, statesOf } from './graph-edges.js';
import type { Texts } from './graph-texts.js';
import type { GraphState } from './machine-graph.js';

/** What is laid out: the states and edges of a machine, with the texts that need room. */
export interface Drawing {
  readonly root: GraphState;
  readonly edges: readonly GraphEdge[];
  /** By the ids of states. If the root has a box, it is drawn beside the others, and stands for any state. */
  readonly boxes: ReadonlyMap<string, Texts>;
  /** The ids of the edges of the shortest way to a success. */
  readonly main: ReadonlySet<string>;
  /** By the ids of edges. */
  readonly labels: ReadonlyMap<string, Texts>;
}

const OPTIONS: LayoutOptions = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.padding': '[top=16,left=16,bottom=16,right=16]',
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '18',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.edgeLabel': '4',
  'elk.layered.spacing.nodeNodeBetweenLayers': '30',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '12',
  'elk.layered.considerModelOrder.strategy': 'PREFER_EDGES',
  'elk.layered.thoroughness': '40',
};

/** Ways to lay out of which none is the best for every machine. Whoever lays out takes the one that turns out best. */
export const STRATEGIES: readonly LayoutOptions[] = [
  {
    'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
    'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'TAIL_LAYER',
    'elk.layered.compaction.postCompaction.strategy': 'EDGE_LENGTH',
  },
  {
    'elk.layered.nodePlacement.strategy': 'LINEAR_SEGMENTS',
    'elk.layered.edgeLabels.centerLabelPlacementStrategy': 'HEAD_LAYER',
  },
  { 'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX' },
  {
    'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
    'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  },
];

const START_SIZE = 10;

/** The graph as elkjs takes it. */
export function elkGraph({ root, edges, boxes, labels }: Drawing, strategy: LayoutOptions): ElkNode {
  const starts: ElkExtendedEdge[] = [];
  const finals = new Set(statesOf(root).flatMap(({ id, type }) => (type === 'final' ? [id] : [])));

  function children(state: GraphState): ElkNode[] {
    const nodes = state.states.map(node);
    if (state.type !== 'compound' || state.initial === undefined) return nodes;
    const start = { id: startId(state.id), width: START_SIZE, height: START_SIZE };
    starts.push({ id: start.id, sources: [start.id], targets: [state.initial] });
    return [start, ...nodes];
  }

  function node(state: GraphState): ElkNode {
    const { width, height } = boxes.get(state.id) as Texts;
    if (state.type === 'final') {
      const port = { id: portId(state.id), width: 0, height: 0, layoutOptions: { 'elk.port.side': 'NORTH' } };
      return { id: state.id, width, height, ports: [port], layoutOptions: { 'elk.portConstraints': 'FIXED_SIDE' } };
    }
    if (state.states.length === 0) return { id: state.id, width, height };
    return {
      id: state.id,
      children: children(state),
      layoutOptions: {
        'elk.padding': `[top=${height + 12},left=18,bottom=18,right=18]`,
        'elk.nodeSize.constraints': 'MINIMUM_SIZE',
        'elk.nodeSize.minimum': `(${width},${height})`,
      },
    };
  }

  function edge({ id, source, target }: GraphEdge): ElkExtendedEdge {
    const label = labels.get(id);
    const ends = { id, sources: [source.id], targets: [finals.has(target) ? portId(target) : target] };
    if (label === undefined) return ends;
    // The text is drawn by us, but what has none has no room for ELK.
    const room = { text: id, width: label.width, height: label.height };
    return { ...ends, labels: [{ ...room, layoutOptions: { 'elk.edgeLabels.inline': 'true' } }] };
  }

  const any = boxes.get(root.id);
  return {
    id: '',
    layoutOptions: { ...OPTIONS, ...strategy },
    children: [...children(root), ...(any ? [{ id: root.id, width: any.width, height: any.height }] : [])],
    edges: [...starts, ...edges.map(edge)],
  };
}

/** The id of the dot that shows where a compound state starts. No state's id has a space at its end. */
export function startId(state: string): string {
  return `${state} `;
}

/** The id of the place at a final state where all arrows meet: it is where they lead that matters, not how many there are. */
function portId(state: string): string {
  return `${state}  `;
}
