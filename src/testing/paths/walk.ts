import assert from 'node:assert/strict';
import type { AnyTransitionDefinition, InspectionEvent } from 'xstate';
import type { SessionInitMachine } from '../../index.js';
import { transitionName } from './machine-map.js';

/** Notes the transitions that machines take, from their inspection events. */
export class Walks {
  /** By the root actor of the machine, in the order of their starts. */
  readonly #walks = new Map<string, { state: string; transitions: string[] }>();
  readonly #start: string;

  constructor(machine: SessionInitMachine) {
    const [start] = machine.root.initial.target;
    assert.ok(start, 'the machine has an initial state');
    this.#start = start.key;
  }

  readonly inspect = (event: InspectionEvent): void => {
    if (event.type === '@xstate.actor' && event.actorRef.sessionId === event.rootId) {
      this.#walks.set(event.rootId, { state: this.#start, transitions: [] });
    }
    if (event.type !== '@xstate.microstep') return;
    const walk = this.#walks.get(event.rootId);
    if (walk === undefined || event.actorRef.sessionId !== event.rootId) return;
    for (const definition of event._transitions as AnyTransitionDefinition[]) {
      walk.transitions.push(transitionName(walk.state, definition));
    }
    walk.state = String((event.snapshot as { value?: unknown }).value);
  };

  /** The transitions of the machine that was started last. */
  get last(): readonly string[] {
    return [...this.#walks.values()].at(-1)?.transitions ?? [];
  }
}
