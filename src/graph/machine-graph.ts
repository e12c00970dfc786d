/*
 * A machine as plain data: what it is made of, without the code that it runs. Everything here survives
 * `JSON.parse(JSON.stringify(graph))` unchanged, so what is not there is left out and never undefined.
 */

/** A machine, described. */
export interface MachineGraph {
  /** The machine's id. */
  readonly id: string;
  /** The machine itself. Its transitions and deadlines hold in every state. */
  readonly root: GraphState;
}

/** A state of a machine, with the states in it. */
export interface GraphState {
  /** Unique in the machine: `sessionInit.authorizing`. */
  readonly id: string;
  /** The last part of the id, as it stands in the machine's definition: `authorizing`. */
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly description?: string;
  /** The id of the state that a compound state starts in, or where a history leads that remembers nothing yet. */
  readonly initial?: string;
  /** Of a history state: how much it remembers. */
  readonly history?: 'shallow' | 'deep';
  /** Of a final state: what it means that the machine ended here. */
  readonly outcome?: Outcome;
  readonly tags?: readonly string[];
  /** Names of actions. An action that is written in place is named by its kind, such as `assign`, or `(inline)`. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly invokes: readonly GraphInvoke[];
  /** In the order in which the machine tries them. */
  readonly transitions: readonly GraphTransition[];
  readonly states: readonly GraphState[];
}

/** What it means that a machine ended: as wished, with a no that is nobody's fault, or because something failed. */
export type Outcome = 'success' | 'denial' | 'fault';

/** An actor that runs while the machine is in the state. */
export interface GraphInvoke {
  readonly id: string;
  /** The name of the actor's implementation. */
  readonly src: string;
}

/** One way out of a state, or something that happens in it. */
export interface GraphTransition {
  /** Unique in the machine, and the same each time it is described: `sessionInit.authorizing#2`. */
  readonly id: string;
  /** The id of its state. */
  readonly source: string;
  /** Ids of states: none if its state is not left, several if a parallel state is entered at several places. */
  readonly targets: readonly string[];
  /**
   * What sets it off: an event; nothing but its guard; a deadline; the end, the failure or a new snapshot of an invoked
   * actor; a final state reached in its own state.
   */
  readonly kind: 'event' | 'always' | 'after' | 'actorDone' | 'actorError' | 'actorSnapshot' | 'stateDone';
  /** The type of the event, in XState's own words: `request.cancel`, `xstate.done.actor.admit`. Empty for `always`. */
  readonly event: string;
  /** Of `after`. */
  readonly delay?: GraphDelay;
  /** Of `actorDone`, `actorError` and `actorSnapshot`: the id of the invoked actor. */
  readonly actor?: string;
  /** The name of the guard, a condition over others such as `not isOpen`, or `(inline)`. */
  readonly guard?: string;
  readonly actions: readonly string[];
  /** The state is left and entered again, though the transition stays in it. */
  readonly reenter?: true;
  readonly description?: string;
}

/** How long a deadline is: by its name, in milliseconds, or both. */
export interface GraphDelay {
  readonly name?: string;
  /** Of a named delay: what it is by default. */
  readonly milliseconds?: number;
}
