import { LazyAbortController } from '../../model/lazy-signal.js';
import type { Invocation, MachineEvent } from './tables.js';

/** Whom a promise belongs to. */
interface Parent {
  send(event: MachineEvent): void;
  lacks(feature: string): never;
}

/**
 * One invoked promise: what `fromPromise` calls an actor. It is itself what the promise's creator is called with, so that
 * the signal costs nothing until somebody asks for it. It is aborted when the state that invoked the promise is left before
 * it has settled.
 */
export class PromiseCall extends LazyAbortController {
  readonly input: unknown;
  readonly #invocation: Invocation;
  readonly #parent: Parent;
  #status: 'created' | 'running' | 'settled' | 'stopped' = 'created';

  constructor(invocation: Invocation, input: unknown, parent: Parent) {
    super();
    this.#invocation = invocation;
    this.input = input;
    this.#parent = parent;
  }

  get self(): never {
    return this.#parent.lacks('self');
  }

  get system(): never {
    return this.#parent.lacks('system');
  }

  get emit(): never {
    return this.#parent.lacks('emit');
  }

  get isRunning(): boolean {
    return this.#status === 'running';
  }

  start(): void {
    if (this.#status !== 'created') return;
    this.#status = 'running';
    let promise: Promise<unknown>;
    try {
      promise = Promise.resolve(this.#invocation.creator(this));
    } catch (error) {
      this.#settle({ type: this.#invocation.errorType, error, actorId: this.#invocation.id });
      return;
    }
    promise.then(
      (output) => this.#settle({ type: this.#invocation.doneType, output, actorId: this.#invocation.id }),
      (error) => this.#settle({ type: this.#invocation.errorType, error, actorId: this.#invocation.id }),
    );
  }

  stop(): void {
    if (this.#status === 'settled' || this.#status === 'stopped') return;
    this.#status = 'stopped';
    this.abort();
  }

  #settle(event: MachineEvent): void {
    if (this.#status !== 'running') return;
    this.#status = 'settled';
    this.#parent.send(event);
  }
}
