/** What has a signal, which may be made when it is first asked for. */
interface HasSignal {
  readonly signal: AbortSignal;
}

/**
 * A signal that is aborted as soon as one of two is. It is made when somebody asks for it, and lets go of the two when it is
 * aborted or released. `AbortSignal.any` would keep it for ever on Node 20, if whoever listened to it does not stop to.
 */
export class EitherSignal implements HasSignal {
  readonly #sources: readonly HasSignal[];
  #controller: AbortController | undefined;

  constructor(one: HasSignal, other: HasSignal) {
    this.#sources = [one, other];
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      for (const { signal } of this.#sources) signal.addEventListener('abort', this.#heed);
      this.#heed();
    }
    return this.#controller.signal;
  }

  /** Without making a signal of its own. */
  throwIfAborted(): void {
    for (const { signal } of this.#sources) signal.throwIfAborted();
  }

  /** To be called when nobody needs the signal any more. It is not aborted by that. */
  release(): void {
    if (this.#controller === undefined) return;
    for (const { signal } of this.#sources) signal.removeEventListener('abort', this.#heed);
  }

  readonly #heed = () => {
    const aborted = this.#sources.find(({ signal }) => signal.aborted);
    if (aborted === undefined) return;
    this.release();
    this.#controller?.abort(aborted.signal.reason);
  };
}
