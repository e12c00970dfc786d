import { type Abortable, abortableOf, type HasSignal } from '../../../model/lazy-signal.js';

/** What can be given up: a connection, a place in a queue. */
interface Undertaking {
  destroy(reason: Error): void;
}

/** One call of the authenticator, and what is under way for it. */
export class Call {
  readonly #caller: Abortable;
  readonly #deadline: Abortable;
  /** What ends with the call. A set, since a signal with its listeners costs as much as the rest of the call. */
  readonly underWay = new Set<Undertaking>();

  /**
   * @param caller - aborted when the caller has gone; what is under way then costs less than a new connection
   * @param deadline - aborted when its time is up, which ends what is under way
   */
  constructor(caller: HasSignal, deadline: Abortable) {
    this.#caller = abortableOf(caller);
    this.#deadline = deadline;
    deadline.onAbort(() => {
      for (const undertaking of this.underWay) undertaking.destroy(deadline.signal.reason);
    });
  }

  /** @throws why nothing more is to be begun for it: its time is up, or its caller has gone */
  throwIfOver(): void {
    this.#deadline.throwIfAborted();
    this.#caller.throwIfAborted();
  }
}
