import type { GraphState, GraphTransition, Outcome } from './machine-graph.js';

/*
 * A drawing of a machine as plain data, ready for SVG: all coordinates are absolute, in pixels at natural size, from the
 * upper left corner. It is JSON: what is not there is left out.
 */

/** A machine, laid out. */
export interface LaidOutGraph {
  /** The machine's id. */
  readonly id: string;
  readonly description?: string;
  readonly width: number;
  readonly height: number;
  /** Outer states before the states in them, which is the order to draw them in. */
  readonly states: readonly LaidOutState[];
  readonly edges: readonly LaidOutEdge[];
  /** The dots that show where the machine, or a compound state, starts. */
  readonly starts: readonly LaidOutStart[];
}

/** A place on the drawing: pixels from its upper left corner. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle on the drawing, by its upper left corner. */
export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** A state as a box. */
export interface LaidOutState extends Box {
  /** As in the machine's description. For `any` it is the id of the machine. */
  readonly id: string;
  readonly key: string;
  /** `any` is no state but stands for all of them: the transitions of the machine itself start there, once. */
  readonly type: GraphState['type'] | 'any';
  /** The id of the state that it is drawn in. Absent at the top. */
  readonly parent?: string;
  readonly description?: string;
  readonly outcome?: Outcome;
  /** What happens in the state without leaving it. It is written in the box, and has no edge. */
  readonly reactions: readonly GraphTransition[];
  /** The texts in the box, from top to bottom. */
  readonly lines: readonly LaidOutText[];
}

/** One line of text. It starts at `x`, or is centred on it, and stands on the baseline `y`. */
export interface LaidOutText extends Point {
  readonly text: string;
  /**
   * The state's name; the actor that it invokes; what sets a transition off; the deadline that does. In the 14 pixels
   * left of a deadline's text there is room for a clock.
   */
  readonly role: 'name' | 'actor' | 'trigger' | 'deadline';
  readonly anchor: 'start' | 'middle';
}

/** An arrow: all transitions from one state to another. */
export interface LaidOutEdge {
  /** Unique in the drawing: `<source>-><target>`. */
  readonly id: string;
  /** The id of the state where it starts, the machine's own id for a transition of the machine itself. */
  readonly source: string;
  /** The id of the state where it ends. */
  readonly target: string;
  /**
   * How it is drawn: `main` if it is of the shortest way to a success, else `deadline` if only a deadline leads this way,
   * or `failure` if only failures of actors do.
   */
  readonly kind: 'usual' | 'main' | 'deadline' | 'failure';
  /** What it stands for, in the order in which the machine tries them. */
  readonly transitions: readonly GraphTransition[];
  /** The corners of the line, from the source to the tip of the arrow. */
  readonly points: readonly Point[];
  /** Where its label is, and the lines of it: absent if there is nothing to say. */
  readonly label?: Box & { readonly lines: readonly LaidOutText[] };
}

/** A dot, and the arrow from it to the state in which things start. */
export interface LaidOutStart extends Point {
  /** The id of the state that the arrow leads to. */
  readonly state: string;
  readonly points: readonly Point[];
}
