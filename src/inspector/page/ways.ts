import type { InspectedMachine } from '../protocol.js';

type Graph = InspectedMachine['graph'];

/** Finds states and arrows of a diagram by the names of states, as inits tell them. */
export class Ways {
  readonly #stateIds: ReadonlyMap<string, string>;
  readonly #edges: ReadonlySet<string>;
  readonly #root: string;

  constructor(graph: Graph) {
    this.#stateIds = new Map(graph.states.map(({ key, id }) => [key, id]));
    this.#edges = new Set(graph.edges.map(({ id }) => id));
    this.#root = graph.id;
  }

  stateId(state: string): string {
    return this.#stateIds.get(state) ?? state;
  }

  /** The arrow from one state to another: its own, or that of any state. */
  edgeId(from: string, to: string): string {
    const own = `${this.stateId(from)}->${this.stateId(to)}`;
    const common = `${this.#root}->${this.stateId(to)}`;
    return this.#edges.has(own) || !this.#edges.has(common) ? own : common;
  }
}
