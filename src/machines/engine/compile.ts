import { type AnyStateMachine, fromPromise } from 'xstate';
import { ActionScope } from './action-scope.js';
import type {
  Action,
  ActionFunction,
  Guard,
  Invocation,
  MachineEvent,
  Scope,
  State,
  Tables,
  Timer,
  Transition,
} from './tables.js';

/*
 * Reads a machine object of XState into tables. It reads the public fields of its state nodes (`entry`, `exit`, `invoke`,
 * `transitions`, `always`, `initial`, `output`), `machine.implementations`, the `config` of `fromPromise`, and two fields
 * that XState does not document: `assign`'s `assignment` and `emit`'s `event`. The differential test notices if a release
 * changes one of them.
 *
 * It refuses, by name, what it does not know; and every function that mentions the actor (`self`, `system`, `spawn`), for
 * there is none. What it accepts runs as XState runs it.
 */

/** The machine uses something that the engine does not run. XState's own actor does. */
export class Unsupported {
  /** What it is, in XState's words. */
  readonly feature: string;
  constructor(feature: string) {
    this.feature = feature;
  }
}

/** Thrown while compiling, and caught at the top: a refusal can come from deep inside. */
class UnsupportedFeature extends Error {}

/** The fields of XState's nodes that are read here. Their own types are parametrised beyond use. */
interface Node {
  key: string;
  id: string;
  type: string;
  parent: Node | undefined;
  config: { after?: object; onDone?: unknown; route?: unknown };
  states: Record<string, Node>;
  entry: readonly unknown[];
  exit: readonly unknown[];
  invoke: readonly { id: string; src: string; input?: unknown; systemId?: string; onSnapshot?: unknown }[];
  transitions: Map<string, readonly NodeTransition[]>;
  always?: readonly NodeTransition[];
  after: readonly { eventType: string; delay?: string | number }[];
  initial: { target: readonly Node[]; actions: readonly unknown[] };
  output?: unknown;
}

interface NodeTransition {
  target: readonly Node[] | undefined;
  source: Node;
  reenter: boolean;
  guard?: unknown;
  actions: readonly unknown[];
  eventType: string;
}

interface Implementations {
  actions: Record<string, unknown>;
  guards: Record<string, unknown>;
  delays: Record<string, unknown>;
  actors: Record<string, unknown>;
}

/** A reference to an implementation: its name alone, or with parameters. */
type Reference = string | { type: string; params?: unknown };

/** How the logic of `fromPromise` takes events, as text: each logic has a function of its own. */
const PROMISE_TRANSITION = String(fromPromise(async () => {}).transition);

type AnyFunction = (...args: unknown[]) => unknown;

/**
 * Compiles a machine, once; its tables can be run any number of times.
 *
 * Runs: one flat level of atomic and final states; `entry`, `exit`, `always`, `on`, `after`, several `invoke`s of
 * `fromPromise` a state; transitions of the root to its states; `assign`, `emit` and functions as actions, functions as
 * guards, each inline or by name, with parameters; `input` and `output`.
 *
 * @param actors - take the place of the machine's own, as with `provide()`, which makes every state of it anew
 * @returns what it cannot run, by name, in place of tables
 */
export function compileMachine(machine: AnyStateMachine, actors: Record<string, unknown> = {}): Tables | Unsupported {
  try {
    return new Compiler(machine, actors).compile();
  } catch (error) {
    if (error instanceof UnsupportedFeature) return new Unsupported(error.message);
    throw error;
  }
}

class Compiler {
  readonly #machine: AnyStateMachine;
  readonly #root: Node;
  readonly #implementations: Implementations;
  readonly #states = new Map<Node, Mutable<State>>();

  constructor(machine: AnyStateMachine, actors: Record<string, unknown>) {
    this.#machine = machine;
    this.#root = machine.root as unknown as Node;
    const own = machine.implementations as unknown as Implementations;
    this.#implementations = { ...own, actors: { ...own.actors, ...actors } };
  }

  compile(): Tables {
    const root = this.#root;
    if (root.type !== 'compound') throw new UnsupportedFeature(`a machine of type '${root.type}'`);
    if (this.#actionsOf(root.entry).length + this.#actionsOf(root.exit).length > 0) {
      throw new UnsupportedFeature('entry or exit actions of the root');
    }
    if (root.invoke.length > 0) throw new UnsupportedFeature('an invoke of the root');
    if (root.always !== undefined) throw new UnsupportedFeature('an always transition of the root');
    if (root.config.onDone !== undefined) throw new UnsupportedFeature('onDone of the root');
    if (root.initial.actions.length > 0) throw new UnsupportedFeature('actions of an initial transition');
    if (Number.isFinite(this.#machine.options?.maxIterations)) throw new UnsupportedFeature('maxIterations');

    // First the states, so that transitions can point at them.
    for (const node of Object.values(root.states)) this.#states.set(node, this.#frame(node));
    for (const [node, state] of this.#states) {
      state.transitions = this.#transitionsOf(node);
      state.always = (node.always ?? []).map((transition) => this.#alwaysTransition(transition));
    }
    const { context } = this.#machine.config as { context?: unknown };
    refuseReach(context, 'the context');
    refuseReach(root.output, 'the output');
    return {
      id: root.id,
      initial: this.#stateOf(root.initial.target[0] as Node),
      createContext: typeof context === 'function' ? (context as Tables['createContext']) : () => context ?? {},
      output: root.output === undefined ? undefined : (asFunction(root.output) as NonNullable<Tables['output']>),
      timers: this.#timersOf(root),
      transitions: this.#transitionsOf(root),
    };
  }

  #frame(node: Node): Mutable<State> {
    if (node.type !== 'atomic' && node.type !== 'final') throw new UnsupportedFeature(`a ${node.type} state`);
    if (node.config.route !== undefined) throw new UnsupportedFeature('a route');
    if (node.output !== undefined) throw new UnsupportedFeature('the output of a final state');
    return {
      key: node.key,
      id: node.id,
      isFinal: node.type === 'final',
      entry: this.#actionsOf(node.entry).map((action) => this.#action(action)),
      exit: this.#actionsOf(node.exit).map((action) => this.#action(action)),
      timers: this.#timersOf(node),
      invocations: node.invoke.map((invoke) => this.#invocation(invoke)),
      transitions: new Map(),
      always: [],
    };
  }

  #stateOf(node: Node): State {
    const state = this.#states.get(node);
    if (state === undefined) throw new UnsupportedFeature('a transition to the root');
    return state;
  }

  /** XState sets and cancels the timers of `after` by actions that it adds to entry and exit; here they are `timers`. */
  #actionsOf(actions: readonly unknown[]): readonly unknown[] {
    return actions.filter((action) => !isTimerOfAfter(action));
  }

  #timersOf(node: Node): readonly Timer[] {
    const delays = new Map(node.after.map(({ eventType, delay }) => [eventType, delay]));
    return [...delays].map(([type, delay]) => ({ event: { type }, delay: this.#delay(delay) }));
  }

  #delay(delay: string | number | undefined): Timer['delay'] {
    if (typeof delay === 'number') return () => delay;
    const implementation = this.#implementations.delays[delay as string];
    if (typeof implementation === 'number') return () => implementation;
    refuseReach(implementation, `the delay '${delay}'`);
    if (typeof implementation === 'function') return implementation as Timer['delay'];
    throw new UnsupportedFeature(`the delay '${delay}', which has no implementation`);
  }

  #transitionsOf(node: Node): State['transitions'] {
    const wildcard = [...node.transitions.keys()].find((type) => type.includes('*'));
    if (wildcard !== undefined) throw new UnsupportedFeature(`the wildcard '${wildcard}'`);
    return new Map([...node.transitions].map(([type, all]) => [type, all.map((it) => this.#transition(it))]));
  }

  #transition({ guard, actions, target: targets, source, reenter }: NodeTransition): Transition {
    if (targets !== undefined && targets.length !== 1) throw new UnsupportedFeature('a transition to several targets');
    if (reenter && source === this.#root) throw new UnsupportedFeature('a transition that re-enters the root');
    const target = targets?.[0];
    return {
      guardName: typeof guard === 'function' ? undefined : nameOf(guard as Reference | undefined),
      guard: guard === undefined ? undefined : this.#guard(guard),
      actions: actions.map((action) => this.#action(action)),
      target: target && this.#stateOf(target),
      leaves: target !== undefined && (target !== source || reenter),
    };
  }

  #alwaysTransition(transition: NodeTransition): Transition {
    const compiled = this.#transition(transition);
    if (!compiled.leaves) throw new UnsupportedFeature('an always transition that stays in its state');
    return compiled;
  }

  #invocation({ id, src, input, systemId, onSnapshot }: Node['invoke'][number]): Invocation {
    if (systemId !== undefined) throw new UnsupportedFeature('a systemId');
    if (onSnapshot !== undefined) throw new UnsupportedFeature('onSnapshot');
    const logic = this.#implementations.actors[src] as { config?: unknown; transition?: unknown } | undefined;
    // Other kinds of logic have a config that is a function, too. What tells them apart is how they take events.
    if (typeof logic?.config !== 'function' || String(logic.transition) !== PROMISE_TRANSITION) {
      throw new UnsupportedFeature(`the actor '${src}', which is not made by fromPromise`);
    }
    refuseReach(logic.config, `the actor '${src}'`);
    refuseReach(input, `the input of the actor '${src}'`);
    return {
      id,
      creator: logic.config as Invocation['creator'],
      input: asFunction(input) as Invocation['input'],
      doneType: `xstate.done.actor.${id}`,
      errorType: `xstate.error.actor.${id}`,
    };
  }

  #guard(reference: unknown): Guard {
    if (typeof reference === 'function') {
      if ('check' in reference) throw new UnsupportedFeature('a guard made of guards');
      return reference as Guard;
    }
    const name = nameOf(reference as Reference) as string;
    const implementation = this.#implementations.guards[name];
    if (typeof implementation !== 'function') throw new UnsupportedFeature(`the guard '${name}', which is no function`);
    if ('check' in implementation) throw new UnsupportedFeature('a guard made of guards');
    const params = paramsOf(reference as Reference);
    return (scope) => (implementation as (scope: Scope, params: unknown) => boolean)(scope, params(scope));
  }

  #action(reference: unknown): Action {
    if (typeof reference === 'function') return compileAction(reference as AnyFunction, () => undefined);
    const name = nameOf(reference as Reference) as string;
    const implementation = this.#implementations.actions[name];
    // XState passes over an action that has no implementation.
    if (implementation === undefined) return () => {};
    if (typeof implementation !== 'function')
      throw new UnsupportedFeature(`the action '${name}', which is no function`);
    return compileAction(implementation as AnyFunction, paramsOf(reference as Reference));
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

function compileAction(implementation: AnyFunction, params: (scope: Scope) => unknown): Action {
  const {
    type,
    assignment,
    event: emitted,
  } = implementation as { type?: string; assignment?: unknown; event?: unknown };
  if (!('resolve' in implementation)) {
    refuseReach(implementation, 'an action');
    return (target, event) => {
      const scope = new ActionScope(target, event);
      target.perform(implementation as ActionFunction, scope, params(scope));
    };
  }
  if (type === 'xstate.assign') return compileAssign(assignment, params);
  if (type === 'xstate.emit') {
    refuseReach(emitted, 'an emit');
    const emittedOf = asFunction(emitted) as (scope: Scope, params: unknown) => MachineEvent;
    return (target, event) => {
      const scope = new ActionScope(target, event);
      target.emit(emittedOf(scope, params(scope)));
    };
  }
  throw new UnsupportedFeature(`the action ${type}`);
}

function compileAssign(assignment: unknown, params: (scope: Scope) => unknown): Action {
  if (typeof assignment === 'function') {
    refuseReach(assignment, 'an assign');
    return (target, event) => {
      const scope = new ActionScope(target, event);
      target.context = { ...scope.context, ...assignment(scope, params(scope)) };
    };
  }
  const properties = Object.entries(assignment as object).map(([key, value]) => {
    refuseReach(value, 'an assign');
    return { key, compute: asFunction(value) };
  });
  return (target, event) => {
    const scope = new ActionScope(target, event);
    const resolved = params(scope);
    const next = { ...scope.context } as Record<string, unknown>;
    for (const { key, compute } of properties) next[key] = compute(scope, resolved);
    target.context = next;
  };
}

/**
 * The engine has no actor to offer. Whether a function wants one can be read from its text: a name that it takes from its
 * arguments stays in it whatever a bundler does. What cannot be read is refused.
 */
function refuseReach(given: unknown, what: string): void {
  if (typeof given !== 'function') return;
  const text = Function.prototype.toString.call(given);
  const name = /\b(?:self|system|spawn|emit)\b|\[native code\]/.exec(text)?.[0];
  if (name === '[native code]') throw new UnsupportedFeature(`${what}, whose text cannot be read`);
  if (name !== undefined) throw new UnsupportedFeature(`${what}, which mentions ${name}`);
}

function isTimerOfAfter(action: unknown): boolean {
  const { type, id, sendId } = action as { type?: string; id?: string; sendId?: string };
  return (
    (type === 'xstate.raise' && id !== undefined && id.startsWith('xstate.after.')) ||
    (type === 'xstate.cancel' && typeof sendId === 'string' && sendId.startsWith('xstate.after.'))
  );
}

function nameOf(reference: Reference | undefined): string | undefined {
  return typeof reference === 'string' ? reference : reference?.type;
}

function paramsOf(reference: Reference): (scope: Scope) => unknown {
  if (typeof reference === 'string') return () => undefined;
  return asFunction(reference.params) as (scope: Scope) => unknown;
}

/** Something that may be given as a value or as a function that computes it. */
function asFunction(given: unknown): AnyFunction {
  return typeof given === 'function' ? (given as AnyFunction) : () => given;
}
