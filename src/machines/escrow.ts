/**
 * Holds what was created until it is known whether anybody takes it. Creation and the end of an init race: a result can
 * come after the deadline, or in the same turn of the event loop. Both sides go through this one object, so that exactly
 * one of two things happens to what was created: it is claimed, or it is undone (promise P2).
 */
export class Escrow {
  #state: 'open' | 'claimed' | 'released' = 'open';
  #undo: (() => void) | undefined;

  /** Puts something in, with the way to undo it. Undone at once if nobody waits for it any more. */
  deposit(undo: () => void): void {
    if (this.#state === 'open') this.#undo = undo;
    else undo();
  }

  /** Takes it out. The success state does this on entry. */
  claim(): void {
    if (this.#state === 'open') this.#state = 'claimed';
  }

  /** Gives it up: what is in it is undone now, and what comes later is undone then. No effect after `claim`. */
  release(): void {
    if (this.#state !== 'open') return;
    this.#state = 'released';
    this.#undoIt();
  }

  /** Gives it up even if it was claimed: what claimed it has failed after all. */
  revoke(): void {
    this.#state = 'released';
    this.#undoIt();
  }

  #undoIt(): void {
    const undo = this.#undo;
    this.#undo = undefined;
    undo?.();
  }
}
