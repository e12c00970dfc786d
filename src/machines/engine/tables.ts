/*
 * A machine as the engine runs it: the parts of XState's own machine object, with every name resolved to what it stands
 * for. `compile.ts` makes them, `execution.ts` runs them.
 */

/** What guards, parameters, inputs and delays are called with. */
export interface Scope {
  context: object;
  event: MachineEvent;
}

export interface MachineEvent {
  readonly type: string;
  readonly [property: string]: unknown;
}

/** Where an action acts: the execution, as far as actions may touch it. */
export interface ActionTarget {
  context: object;
  /** Somebody asks for a part of XState's actor that the engine has not. It throws. */
  lacks(feature: string): never;
  /** Runs an action now, or, while the machine is not started yet, once it is. */
  perform(action: ActionFunction, scope: Scope, params: unknown): void;
  /** Has the machine emit an event when the current step is complete. */
  emit(event: MachineEvent): void;
}

/** An action as the machine's author wrote it. */
export type ActionFunction = (scope: Scope, params: unknown) => void;
export type Action = (target: ActionTarget, event: MachineEvent) => void;
export type Guard = (scope: Scope) => boolean;

export interface Transition {
  /** Named in the error of a guard that throws. */
  readonly guardName: string | undefined;
  readonly guard: Guard | undefined;
  readonly actions: readonly Action[];
  /** The state to enter. Without it, or where it is the source and `reenter` is not set, only the actions run. */
  readonly target: State | undefined;
  readonly leaves: boolean;
}

/** An invoked promise: `fromPromise(creator)`. */
export interface Invocation {
  readonly id: string;
  readonly creator: (call: object) => unknown;
  readonly input: (scope: Scope) => unknown;
  readonly doneType: string;
  readonly errorType: string;
}

/** A deadline: an event that comes after a delay, unless its state is left before. */
export interface Timer {
  readonly event: MachineEvent;
  readonly delay: (scope: Scope) => number;
}

export interface State {
  readonly key: string;
  readonly id: string;
  readonly isFinal: boolean;
  readonly entry: readonly Action[];
  readonly exit: readonly Action[];
  readonly timers: readonly Timer[];
  readonly invocations: readonly Invocation[];
  /** By exact type of event. */
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
  readonly always: readonly Transition[];
}

export interface Tables {
  readonly id: string;
  readonly initial: State;
  readonly createContext: (args: { input: unknown }) => object;
  readonly output: ((scope: Scope) => unknown) | undefined;
  /** Of the root: they hold in every state. */
  readonly timers: readonly Timer[];
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
}
