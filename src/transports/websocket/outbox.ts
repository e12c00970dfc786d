/** What has something to write. */
export interface Writer {
  /** Writes what has not been written yet. It must not throw. */
  writeOut(): void;
}

/**
 * Has the answers of one turn of the event loop written one right after the other. A write is a call of the system, and one
 * after each init would throw the code of the next one out of the caches: under load that costs a fifth of it.
 */
export class Outbox {
  #writers: Writer[] = [];

  /** `writer` is asked to write in the next turn at the latest. */
  add(writer: Writer): void {
    if (this.#writers.length === 0) setImmediate(() => this.#write());
    this.#writers.push(writer);
  }

  #write(): void {
    const writers = this.#writers;
    this.#writers = [];
    for (const writer of writers) writer.writeOut();
  }
}
