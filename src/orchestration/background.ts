/** Counts what goes on after an init has its answer: creations that are late, and removals. */
export class Background {
  #pending = 0;
  #waiting: (() => void)[] = [];

  begin(): void {
    this.#pending++;
  }

  end(): void {
    this.#pending--;
    if (this.#pending > 0) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }

  /** @returns when nothing goes on any more */
  whenIdle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
