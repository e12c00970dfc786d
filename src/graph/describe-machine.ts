import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { describeAction, describeGuard, isTimerOfAfter } from './implementation-names.js';
import type { GraphDelay, GraphState, GraphTransition, MachineGraph, Outcome } from './machine-graph.js';

/** Options of {@link describeMachine}: what a machine's definition does not say of itself. */
export interface DescribeMachineOptions {
  /**
   * How long a named delay is, in milliseconds, where the machine has a function to compute it.
   *
   * @defaultValue none: such a delay is known by its name alone
   */
  delays?: Readonly<Record<string, number>>;
  /**
   * What a final state means, by its key.
   *
   * @defaultValue the first of the tags `success`, `denial` and `fault` that the state has
   */
  outcomes?: Readonly<Record<string, Outcome>>;
}

/** The definition of a transition, as XState has worked it out. */
type Definition = NonNullable<AnyStateNode['always']>[number];

type Trigger = Pick<GraphTransition, 'kind' | 'event' | 'delay' | 'actor'>;

/** Describes any machine of XState v5 as plain data: its states, its transitions, its deadlines and its actors. */
export function describeMachine(
  machine: AnyStateMachine,
  { delays = {}, outcomes = {} }: DescribeMachineOptions = {},
): MachineGraph {
  const implemented: Readonly<Record<string, unknown>> = machine.implementations.delays;

  function describeState(node: AnyStateNode): GraphState {
    const { id, key, type, history, description, tags } = node;
    const initial = initialOf(node);
    const outcome = type === 'final' ? (outcomes[key] ?? OUTCOMES.find((it) => tags.includes(it))) : undefined;
    return {
      id,
      key,
      type,
      ...(description !== undefined && { description }),
      ...(initial !== undefined && { initial: initial.id }),
      ...(type === 'history' && { history: history || 'shallow' }),
      ...(outcome !== undefined && { outcome }),
      ...(tags.length > 0 && { tags }),
      entry: node.entry.filter((action) => !isTimerOfAfter(action)).map(describeAction),
      exit: node.exit.filter((action) => !isTimerOfAfter(action)).map(describeAction),
      invokes: node.invoke.map((invoke) => ({
        id: invoke.id,
        // What is written in place has a name that XState made up.
        src: String(invoke.src).startsWith('xstate.invoke.') ? '(inline)' : String(invoke.src),
      })),
      transitions: [...(node.always ?? []), ...[...node.transitions.values()].flat()].map((it, index) =>
        describeTransition(node, it, index),
      ),
      states: Object.values(node.states).map((child) => describeState(child as AnyStateNode)),
    };
  }

  function describeTransition(node: AnyStateNode, definition: Definition, index: number): GraphTransition {
    const { eventType, target, guard, actions, reenter, description } = definition;
    return {
      id: `${node.id}#${index}`,
      source: node.id,
      targets: (target ?? []).map(({ id }) => id),
      ...describeTrigger(node, eventType),
      ...(guard !== undefined && { guard: describeGuard(guard) }),
      actions: actions.map(describeAction),
      ...(reenter && { reenter }),
      ...(description !== undefined && { description }),
    };
  }

  function describeTrigger(node: AnyStateNode, event: string): Trigger {
    if (event === '') return { kind: 'always', event };
    const timer = node.after.find(({ eventType }) => eventType === event);
    if (timer !== undefined) return { kind: 'after', event, delay: describeDelay(timer.delay) };
    for (const [kind, prefix] of ACTOR_EVENTS) {
      if (event.startsWith(prefix)) return { kind, event, actor: event.slice(prefix.length) };
    }
    return { kind: event === `xstate.done.state.${node.id}` ? 'stateDone' : 'event', event };
  }

  function describeDelay(delay: unknown): GraphDelay {
    if (typeof delay === 'number') return { milliseconds: delay };
    const name = String(delay);
    const fixed = implemented[name];
    const milliseconds = typeof fixed === 'number' ? fixed : delays[name];
    return milliseconds === undefined ? { name } : { name, milliseconds };
  }

  return { id: machine.id, root: describeState(machine.root) };
}

const OUTCOMES: readonly Outcome[] = ['success', 'denial', 'fault'];

const ACTOR_EVENTS = [
  ['actorDone', 'xstate.done.actor.'],
  ['actorError', 'xstate.error.actor.'],
  ['actorSnapshot', 'xstate.snapshot.'],
] as const;

function initialOf(node: AnyStateNode): AnyStateNode | undefined {
  if (node.type === 'compound') return node.initial.target?.[0];
  if (node.type !== 'history' || node.parent === undefined) return undefined;
  const target = [node.config.target as string | readonly string[] | undefined].flat()[0];
  if (target === undefined) return initialOf(node.parent);
  if (target.startsWith('#')) return node.machine.getStateNodeById(target);
  return target.split('.').reduce<AnyStateNode | undefined>((state, key) => state?.states[key], node.parent);
}
