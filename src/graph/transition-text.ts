import type { GraphDelay, GraphState, GraphTransition } from './machine-graph.js';

/**
 * What sets a transition off, as people read it: `request.cancel`, `done [isAdmitted]`, `failed [else]`,
 * `authenticationTimeout 5 s`. Empty if nothing does, which is a state that is left as soon as it is entered.
 *
 * @param state - the state that the transition is of: what is clear there is left out
 */
export function triggerText(transition: GraphTransition, state: GraphState): string {
  return [triggerName(transition, state), guardText(transition, state)].filter((part) => part !== '').join(' ');
}

/** A transition that leaves no state, with what it does: `pong.received / notePong`. */
export function reactionText(transition: GraphTransition, state: GraphState): string {
  return `${triggerText(transition, state)} / ${transition.actions.join(', ') || 'nothing'}`.trim();
}

/** All that a transition says of itself, for a tooltip: `xstate.done.actor.admit [isRefused] / recordRefusal`. */
export function transitionText({ kind, event, delay, guard, actions, description }: GraphTransition): string {
  const parts = [
    kind === 'always' ? 'always' : delay === undefined ? event : `after ${delayText(delay)}`,
    ...(guard === undefined ? [] : [`[${guard}]`]),
    ...(actions.length === 0 ? [] : [`/ ${actions.join(', ')}`]),
    ...(description === undefined ? [] : [`(${description})`]),
  ];
  return parts.join(' ');
}

/** A delay with its name, if it has one, and how long it is, if that is known. */
function delayText({ name, milliseconds }: GraphDelay): string {
  return [name ?? '', milliseconds === undefined ? '' : durationText(milliseconds)].join(' ').trim();
}

function triggerName({ kind, event, actor = '', delay = {} }: GraphTransition, { invokes }: GraphState): string {
  // With one actor in the state there is no doubt whose end or failure it is.
  const of = invokes.length > 1 ? ` ${actor}` : '';
  switch (kind) {
    case 'event':
      return event === '*' ? 'any event' : event;
    case 'always':
      return '';
    case 'after':
      return delayText(delay);
    case 'actorDone':
      return `done${of}`;
    case 'actorError':
      return `failed${of}`;
    case 'actorSnapshot':
      return `update${of}`;
    case 'stateDone':
      return 'done';
  }
}

function guardText({ id, event, kind, guard }: GraphTransition, { transitions }: GraphState): string {
  if (guard !== undefined) return `[${guard}]`;
  const rivals = transitions.filter((other) => other.kind === kind && other.event === event);
  return rivals[0]?.id === id ? '' : '[else]';
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
] as const;

/** In the largest unit of which there is at least one: `5 s`, `1.5 min`. */
function durationText(milliseconds: number): string {
  const [size, unit] = UNITS.find(([size]) => milliseconds >= size) ?? [1, 'ms'];
  return `${Number((milliseconds / size).toFixed(2))} ${unit}`;
}
