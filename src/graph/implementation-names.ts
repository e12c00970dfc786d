/*
 * How the implementations that a machine refers to are named. Beside the documented references (a string, or an object
 * with `type`), this reads the fields `type`, `guards` and `stateValue` that XState's own actions and guards carry.
 */

/** What stands for a function without a name of its own. */
const INLINE = '(inline)';

/** The names that a function has only since it is the value of such a property. */
const NAMES_OF_PROPERTIES = ['', 'guard', 'actions', 'entry', 'exit'];

/** The name of an action, or what it does if it is one of XState's own. */
export function describeAction(action: unknown): string {
  if (typeof action === 'string') return action;
  const { type } = action as { type?: unknown };
  if (typeof type === 'string') return type.replace(/^xstate\./, '');
  return nameOfFunction(action);
}

/** The name of a guard; of one that is made of others, their names: `isOpen and not isDraining`. */
export function describeGuard(guard: unknown): string {
  if (typeof guard === 'string') return guard;
  const { type, check, guards, stateValue } = guard as {
    type?: unknown;
    check?: unknown;
    guards?: readonly unknown[];
    stateValue?: unknown;
  };
  if (typeof type === 'string') return type;
  if (check === undefined) return nameOfFunction(guard);
  if (guards === undefined) return `in ${typeof stateValue === 'string' ? stateValue : JSON.stringify(stateValue)}`;
  const parts = guards.map((part) => (isCombined(part) ? `(${describeGuard(part)})` : describeGuard(part)));
  const word = (guard as { name: string }).name;
  return word === 'not' ? `not ${parts[0]}` : parts.join(` ${word} `);
}

/** Whether an action only sets or cancels the timer of an `after`: XState adds these itself. */
export function isTimerOfAfter(action: unknown): boolean {
  const { type, id, sendId } = action as { type?: unknown; id?: unknown; sendId?: unknown };
  if (type === 'xstate.raise') return String(id).startsWith('xstate.after.');
  return type === 'xstate.cancel' && String(sendId).startsWith('xstate.after.');
}

function isCombined(guard: unknown): boolean {
  return typeof guard === 'function' && 'guards' in guard && guard.name !== 'not';
}

function nameOfFunction(value: unknown): string {
  return typeof value === 'function' && !NAMES_OF_PROPERTIES.includes(value.name) ? value.name : INLINE;
}
