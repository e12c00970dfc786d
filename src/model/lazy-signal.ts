/** What has a signal, which may be made when it is first asked for. */
export interface HasSignal {
  readonly signal: AbortSignal;
}

type Listener = () => void;

/**
 * What can be known of a signal, and waited for, without having one. To make an `AbortSignal` and to listen to it takes as
 * long as a quarter of a decision of a policy.
 */
export interface Abortable extends HasSignal {
  readonly isAborted: boolean;
  /** @throws the reason of the signal if it is aborted */
  throwIfAborted(): void;
  /** Has a listener called once. One that is added when it is aborted already is not called. */
  onAbort(listener: Listener): void;
  offAbort(listener: Listener): void;
}

/** An `AbortController` that makes its signal when somebody asks for it. */
export class LazyAbortController implements Abortable {
  #controller: AbortController | undefined;
  /** Most have no more than one, for which a set would cost more than all else here. */
  #first: Listener | undefined;
  #others: Set<Listener> | undefined;
  #abortion: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortion !== undefined) this.#controller.abort(this.#abortion.reason);
    }
    return this.#controller.signal;
  }

  get isAborted(): boolean {
    return this.#abortion !== undefined;
  }

  throwIfAborted(): void {
    if (this.#abortion !== undefined) this.signal.throwIfAborted();
  }

  onAbort(listener: Listener): void {
    if (this.#abortion !== undefined || listener === this.#first) return;
    if (this.#first === undefined && this.#others === undefined) {
      this.#first = listener;
      return;
    }
    this.#others ??= new Set();
    this.#others.add(listener);
  }

  offAbort(listener: Listener): void {
    if (listener === this.#first) this.#first = undefined;
    else this.#others?.delete(listener);
  }

  abort(reason?: unknown): void {
    if (this.#abortion !== undefined) return;
    this.#abortion = { reason };
    this.#controller?.abort(reason);
    this.#first?.();
    for (const listener of this.#others ?? []) listener();
    this.#first = undefined;
    this.#others = undefined;
  }
}

/** Who listens to a signal: however many they are, the signal has one listener, and none when there are none. */
const audiences = new WeakMap<AbortSignal, { readonly listeners: Set<Listener>; readonly tell: Listener }>();

/** What a caller gave along, which may be a signal and nothing else. */
export class CallerSignal implements Abortable {
  readonly #source: HasSignal | Abortable;

  constructor(source: HasSignal | Abortable) {
    this.#source = source;
  }

  get signal(): AbortSignal {
    return this.#source.signal;
  }

  get isAborted(): boolean {
    return isAbortable(this.#source) ? this.#source.isAborted : this.#source.signal.aborted;
  }

  throwIfAborted(): void {
    (isAbortable(this.#source) ? this.#source : this.#source.signal).throwIfAborted();
  }

  onAbort(listener: Listener): void {
    if (isAbortable(this.#source)) this.#source.onAbort(listener);
    else listen(this.#source.signal, listener);
  }

  offAbort(listener: Listener): void {
    if (isAbortable(this.#source)) this.#source.offAbort(listener);
    else stopListening(this.#source.signal, listener);
  }
}

/** The same, if it knows more than its signal. */
export function abortableOf(source: HasSignal): Abortable {
  return isAbortable(source) ? source : new CallerSignal(source);
}

function isAbortable(source: HasSignal): source is Abortable {
  return 'onAbort' in source;
}

function listen(signal: AbortSignal, listener: Listener): void {
  if (signal.aborted) return;
  let audience = audiences.get(signal);
  if (audience === undefined) {
    const listeners = new Set<Listener>();
    const tell = () => {
      for (const one of listeners) one();
      audiences.delete(signal);
    };
    audience = { listeners, tell };
    audiences.set(signal, audience);
    signal.addEventListener('abort', tell, { once: true });
  }
  audience.listeners.add(listener);
}

function stopListening(signal: AbortSignal, listener: Listener): void {
  const audience = audiences.get(signal);
  if (audience === undefined) return;
  audience.listeners.delete(listener);
  if (audience.listeners.size > 0) return;
  audiences.delete(signal);
  signal.removeEventListener('abort', audience.tell);
}
