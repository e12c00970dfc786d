import { type Abortable, abortableOf, type HasSignal, LazyAbortController } from './lazy-signal.js';

/**
 * A signal that is aborted as soon as one of two is. It listens to the two when somebody asks for it, and lets go of them when
 * it is aborted or released. `AbortSignal.any` would keep it for ever on Node 20, if whoever listened to it does not stop to.
 */
export class EitherSignal implements Abortable {
  readonly #one: Abortable;
  readonly #other: Abortable;
  #controller: LazyAbortController | undefined;

  constructor(one: HasSignal, other: HasSignal) {
    this.#one = abortableOf(one);
    this.#other = abortableOf(other);
  }

  get signal(): AbortSignal {
    return this.#listening().signal;
  }

  get isAborted(): boolean {
    return this.#one.isAborted || this.#other.isAborted;
  }

  throwIfAborted(): void {
    this.#one.throwIfAborted();
    this.#other.throwIfAborted();
  }

  onAbort(listener: () => void): void {
    this.#listening().onAbort(listener);
  }

  offAbort(listener: () => void): void {
    this.#controller?.offAbort(listener);
  }

  /** To be called when nobody needs the signal any more. It is not aborted by that. */
  release(): void {
    if (this.#controller === undefined) return;
    this.#one.offAbort(this.#heed);
    this.#other.offAbort(this.#heed);
  }

  #listening(): LazyAbortController {
    if (this.#controller === undefined) {
      this.#controller = new LazyAbortController();
      this.#one.onAbort(this.#heed);
      this.#other.onAbort(this.#heed);
      this.#heed();
    }
    return this.#controller;
  }

  readonly #heed = () => {
    const aborted = [this.#one, this.#other].find(({ isAborted }) => isAborted);
    if (aborted === undefined) return;
    this.release();
    this.#controller?.abort(aborted.signal.reason);
  };
}
