import type { GraphState, GraphTransition, MachineGraph } from './machine-graph.js';

/** All transitions that lead from one state to another. */
export interface GraphEdge {
  /** `<source>-><target>` */
  readonly id: string;
  readonly source: GraphState;
  /** The id of the state where it ends. */
  readonly target: string;
  readonly transitions: readonly GraphTransition[];
}

/** The states inside a state, such as the root of a machine: outer ones before those in them. */
export function statesOf({ states }: GraphState): GraphState[] {
  return states.flatMap((state) => [state, ...statesOf(state)]);
}

/**
 * The arrows of a diagram: one from each state to each that it leads to, the machine's own transitions included, whose
 * source is the root. A transition with several targets is in several.
 */
export function edgesOf({ root }: MachineGraph): GraphEdge[] {
  return [root, ...statesOf(root)].flatMap((source) => {
    const byTarget = new Map<string, GraphTransition[]>();
    for (const transition of source.transitions) {
      for (const target of transition.targets) {
        byTarget.set(target, [...(byTarget.get(target) ?? []), transition]);
      }
    }
    return [...byTarget].map(([target, transitions]) => ({
      id: `${source.id}->${target}`,
      source,
      target,
      transitions,
    }));
  });
}

/** What happens in a state without leaving it. */
export function reactionsOf({ transitions }: GraphState): GraphTransition[] {
  return transitions.filter(({ targets }) => targets.length === 0);
}
