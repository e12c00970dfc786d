import type { ActionTarget, MachineEvent } from './tables.js';

/**
 * What actions, inputs, outputs and delays are called with. XState gives them its actor, too; the compiler refuses what
 * mentions it, and what asks for it all the same, by a way round, is told here.
 */
export class ActionScope {
  readonly context: object;
  readonly event: MachineEvent;
  readonly #target: ActionTarget;

  constructor(target: ActionTarget, event: MachineEvent) {
    this.#target = target;
    this.context = target.context;
    this.event = event;
  }

  get self(): never {
    return this.#target.lacks('self');
  }

  get system(): never {
    return this.#target.lacks('system');
  }

  get spawn(): never {
    return this.#target.lacks('spawn');
  }
}
