import { ANY_STATE, type InspectedMachine, type TakenTransition } from '../protocol.js';

type Graph = InspectedMachine['graph'];

/** Finds states and arrows of a diagram by the names of states, as inits tell them. */
export class Ways {
  readonly #stateIds: ReadonlyMap<string, string>;
  readonly #edges: ReadonlyMap<string, Graph['edges'][number]>;
  readonly #root: string;

  constructor(graph: Graph) {
    this.#stateIds = new Map(graph.states.map(({ key, id }) => [key, id]));
    this.#edges = new Map(graph.edges.map((edge) => [edge.id, edge]));
    this.#root = graph.id;
  }

  stateId(state: string): string {
    return this.#stateIds.get(state) ?? state;
  }

  /**
   * The arrow from one state to another: its own, or that of any state.
   *
   * @param taken - the transition, if it is known
   */
  edgeId(from: string, to: string, taken?: TakenTransition): string {
    const common = `${this.#root}->${this.stateId(to)}`;
    if (from === ANY_STATE) return common;
    const own = `${taken?.source ?? this.stateId(from)}->${this.stateId(to)}`;
    return this.#edges.has(own) || !this.#edges.has(common) ? own : common;
  }

  /** Which line of an arrow's label is the transition's; undefined if the arrow has one line only, or it is not known. */
  lineOf(edgeId: string, taken: TakenTransition | undefined): number | undefined {
    const edge = this.#edges.get(edgeId);
    const { transitions = [], label } = edge ?? {};
    // What needs no event and has no guard has no line either: then they do not match one by one.
    if (taken === undefined || label === undefined || label.lines.length !== transitions.length) return undefined;
    const found = transitions.findIndex(({ event, guard }) => event === taken.event && guard === taken.guard);
    return found < 0 || transitions.length === 1 ? undefined : found;
  }
}
