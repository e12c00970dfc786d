/** What can be given up: a connection, a place in a queue. */
interface Undertaking {
  destroy(reason: Error): void;
}

/** One call of the authenticator, and what is under way for it. */
export class Call {
  readonly #caller: AbortSignal;
  /** What ends with the call. A set, since a signal with its listeners costs as much as the rest of the call. */
  readonly underWay = new Set<Undertaking>();
  #end: Error | undefined;

  /** @param caller - aborted when the caller has gone; what is under way then costs less than a new connection */
  constructor(caller: AbortSignal) {
    this.#caller = caller;
  }

  /** @throws why nothing more is to be begun for it: its time is up, or its caller has gone */
  throwIfOver(): void {
    if (this.#end !== undefined) throw this.#end;
    this.#caller.throwIfAborted();
  }

  /** Its time is up. */
  end(reason: Error): void {
    this.#end = reason;
    for (const undertaking of this.underWay) undertaking.destroy(reason);
  }
}
