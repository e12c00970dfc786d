import type { SessionEndCause, SessionEndListener } from '../../src/adapters/ports.js';

/** Hears what other nodes do, and hands it out in the order in which it came. */
export class News implements SessionEndListener {
  readonly heard: [id: number, cause: SessionEndCause][] = [];
  missedCount = 0;
  #waiting: (() => void) | undefined;

  ended(sessionId: number, cause: SessionEndCause): void {
    this.heard.push([sessionId, cause]);
    this.#waiting?.();
  }

  missed(): void {
    this.missedCount += 1;
    this.#waiting?.();
  }

  /** All that was heard, when there is so much of it. */
  async atLeast(count: number): Promise<[id: number, cause: SessionEndCause][]> {
    await this.#until(() => this.heard.length >= count);
    return this.heard;
  }

  /** When it was told so often that it may have missed something. */
  missedAtLeast(count: number): Promise<void> {
    return this.#until(() => this.missedCount >= count);
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }
}
