/** What can be given up: a connection, a place in a queue. */
interface Undertaking {
  destroy(reason: Error): void;
}

/** One call of the authenticator, and what is under way for it. */
export class Call {
  /** Aborted when the caller has gone. Nothing is begun for it then; what is under way costs less than a new connection. */
  readonly caller: AbortSignal;
  /** What ends with the call. A set, since a signal with its listeners costs as much as the rest of the call. */
  readonly underWay = new Set<Undertaking>();

  constructor(caller: AbortSignal) {
    this.caller = caller;
  }

  /** Its time is up. */
  end(reason: Error): void {
    for (const undertaking of this.underWay) undertaking.destroy(reason);
  }
}
