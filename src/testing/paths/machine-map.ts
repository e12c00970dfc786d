import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { ConfigurationError } from '../../model/errors.js';

/** The states and transitions of a flat machine, by names that tell them apart. */
export interface MachineMap {
  readonly states: readonly string[];
  /** Such as `authenticating: authenticate done [isDenied] -> authenticationDenied`. */
  readonly transitions: readonly string[];
}

/** @throws ConfigurationError if the machine is not flat: an init goes through one state at a time */
export function mapOf(machine: AnyStateMachine): MachineMap {
  const states = Object.values(machine.states) as AnyStateNode[];
  const nested = states.find(({ type }) => type !== 'atomic' && type !== 'final');
  if (nested !== undefined) {
    throw new ConfigurationError(
      `State ${nested.key} is ${nested.type}, and a machine of inits is flat: each state is atomic or final.`,
    );
  }
  const fromAnywhere = definitionsOf(machine.root);
  return {
    states: states.map(({ key }) => key),
    transitions: states.flatMap((state) => [
      ...definitionsOf(state).map((definition) => transitionName(state.key, definition)),
      ...(canRest(state) ? fromAnywhere.map((definition) => transitionName(state.key, definition)) : []),
    ]),
  };
}

/** What a transition is called that is taken in the state `from`. */
export function transitionName(from: string, definition: AnyTransitionDefinition): string {
  const { source, eventType, target, guard } = definition;
  const siblings = (eventType === '' ? source.always : source.transitions.get(eventType)) ?? [];
  const label = typeof guard === 'string' ? guard : (guard as { type?: string } | undefined)?.type;
  const unnamed = siblings.length > 1 ? `[${siblings.indexOf(definition) + 1} of ${siblings.length}] ` : '';
  const to = target?.map(({ key }) => key).join(', ') ?? from;
  return `${from}: ${eventName(eventType)} ${label === undefined ? unnamed : `[${label}] `}-> ${to}`;
}

function eventName(eventType: string): string {
  const [, kind, name] =
    /^xstate\.(done|error)\.actor\.(.+)$/.exec(eventType) ?? /^xstate\.(after)\.([^.]+)/.exec(eventType) ?? [];
  if (kind === 'after') return `after ${name}`;
  if (kind !== undefined) return `${name} ${kind}`;
  return eventType === '' ? 'always' : eventType;
}

function definitionsOf(node: AnyStateNode): AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])];
}

/** Whether an event can meet the machine in this state: not if it has ended, or is always left at once. */
function canRest({ type, always = [] }: AnyStateNode): boolean {
  return type !== 'final' && !always.some(({ guard }) => guard === undefined);
}
