import type { Clock } from '../../model/clock.js';
import type { MachineEvent } from './tables.js';

/** The timer of an `after`. */
export class DelayedEvent {
  readonly #execution: { send(event: MachineEvent): void };
  readonly #event: MachineEvent;
  readonly #clock: Clock;
  readonly #delay: number;
  #handle: unknown;

  constructor(execution: { send(event: MachineEvent): void }, event: MachineEvent, clock: Clock, delay: number) {
    this.#execution = execution;
    this.#event = event;
    this.#clock = clock;
    this.#delay = delay;
  }

  start(): void {
    this.#handle = this.#clock.setTimeout(() => this.#execution.send(this.#event), this.#delay);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#handle);
  }
}
