import { type GraphEdge, statesOf } from './graph-edges.js';
import type { GraphState } from './machine-graph.js';

/** The ids of the edges of the shortest way from where a machine starts to a final state that is a success. */
export function wayToSuccess(root: GraphState, edges: readonly GraphEdge[]): ReadonlySet<string> {
  const states = new Map(statesOf(root).map((state) => [state.id, state]));
  const queue: { state: string | undefined; way: readonly string[] }[] = [{ state: root.initial, way: [] }];
  const seen = new Set<string>();
  for (const { state: id, way } of queue) {
    const state = states.get(id ?? '');
    if (state === undefined || seen.has(state.id)) continue;
    if (state.outcome === 'success') return new Set(way);
    seen.add(state.id);
    queue.push({ state: state.initial, way });
    for (const edge of edges) {
      if (edge.source.id === state.id) queue.push({ state: edge.target, way: [...way, edge.id] });
    }
  }
  return new Set();
}
