import type { SessionEndCause } from '../../adapters/ports.js';
import type { Clock } from '../../model/clock.js';
import type { FullAuthSession } from '../../model/session.js';
import type { SessionOrchestrator } from '../../orchestrator.js';

/** What is bound to a session, and wants to be told of its end. */
export interface SessionHolder {
  sessionEnded(sessionId: number, cause: SessionEndCause): void;
}

interface Watched {
  readonly holders: Set<SessionHolder>;
  /** When it was last marked as used, by the monotonic clock. */
  usedAt: number;
}

/** So many look-ups at once. */
const CONCURRENCY = 16;

/** Milliseconds before those that are due for what was not heard are tried again: the store has hardly come back. */
const RETRY = 1_000;

/**
 * Knows which connection is bound to which session, and tells it when that has ended: at once where this orchestrator
 * ended it or hears of it, else at the next look-up, and in that case as `expired`.
 */
export class SessionWatch {
  readonly #orchestrator: SessionOrchestrator;
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #onFault: (source: string, cause: unknown) => void;
  readonly #watched = new Map<number, Watched>();
  readonly #subscriptions: readonly (() => void)[];
  /** What ended in this interval and the one before: an answer that is on its way may still be bound to it. */
  #justEnded: readonly [Map<number, SessionEndCause>, Map<number, SessionEndCause>] = [new Map(), new Map()];
  #timer: unknown;
  #retry: unknown;

  /** @param interval - milliseconds between two look-ups of a session, and between two marks of its use */
  constructor(
    orchestrator: SessionOrchestrator,
    clock: Clock,
    interval: number,
    onFault: (source: string, cause: unknown) => void,
  ) {
    this.#orchestrator = orchestrator;
    this.#clock = clock;
    this.#interval = interval;
    this.#onFault = onFault;
    this.#subscriptions = [
      orchestrator.on('session.ended', ({ sessionId, cause }) => {
        if (cause !== 'expired') this.#justEnded[0].set(sessionId, cause);
        this.#end(sessionId, cause);
      }),
      orchestrator.on('sessions.unheard', () => this.#catchUp()),
    ];
    this.#schedule();
  }

  /** Binds `holder` to a session that was just created. `session` has its secret, which is not kept. */
  bind(holder: SessionHolder, session: FullAuthSession): void {
    const id = session.session_id;
    const watched = this.#watched.get(id) ?? { holders: new Set(), usedAt: this.#clock.monotonic() };
    watched.holders.add(holder);
    this.#watched.set(id, watched);
    const cause = this.#justEnded[0].get(id) ?? this.#justEnded[1].get(id);
    if (cause !== undefined) this.#verify(session, cause);
  }

  release(holder: SessionHolder, sessionId: number): void {
    const watched = this.#watched.get(sessionId);
    watched?.holders.delete(holder);
    if (watched?.holders.size === 0) this.#watched.delete(sessionId);
  }

  /**
   * Marks a session as used, at most once in an interval.
   *
   * @returns whether it is alive
   * @throws if the session manager fails
   */
  async touch(sessionId: number): Promise<boolean> {
    const watched = this.#watched.get(sessionId);
    if (watched === undefined) return false;
    const now = this.#clock.monotonic();
    if (now - watched.usedAt < this.#interval) return true;
    if ((await this.#orchestrator.refresh(sessionId)) === undefined) {
      this.#end(sessionId, 'expired');
      return false;
    }
    watched.usedAt = now;
    return true;
  }

  close(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#clock.clearTimeout(this.#retry);
  }

  #end(sessionId: number, cause: SessionEndCause): void {
    const watched = this.#watched.get(sessionId);
    this.#watched.delete(sessionId);
    for (const holder of watched?.holders ?? []) holder.sessionEnded(sessionId, cause);
  }

  /** It ended while its answer was on its way, unless it was given anew under another secret (`reuse`). */
  async #verify({ session_id: id, session_secret: secret }: FullAuthSession, cause: SessionEndCause): Promise<void> {
    try {
      const isAlive = secret !== undefined && (await this.#orchestrator.findBySecret(secret)) !== undefined;
      if (!isAlive) this.#end(id, cause);
    } catch (fault) {
      this.#onFault('sessionManager.findBySecret', fault);
    }
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => this.#run(), this.#interval);
    // It must not keep a process alive that has nothing else to do.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  async #run(): Promise<void> {
    this.#justEnded = [new Map(), this.#justEnded[0]];
    await this.#lookUpAll();
    if (this.#timer !== undefined) this.#schedule();
  }

  async #catchUp(): Promise<void> {
    if ((await this.#lookUpAll()) || this.#timer === undefined) return;
    this.#clock.clearTimeout(this.#retry);
    this.#retry = this.#clock.setTimeout(() => this.#catchUp(), RETRY);
    (this.#retry as { unref?: () => void }).unref?.();
  }

  /** @returns whether the session manager has answered for all */
  async #lookUpAll(): Promise<boolean> {
    const ids = this.#watched.keys();
    try {
      // They share one iterator, so each takes what the others have not.
      await Promise.all(Array.from({ length: CONCURRENCY }, () => this.#lookUp(ids)));
      return true;
    } catch (cause) {
      this.#onFault('sessionManager.findById', cause);
      return false;
    }
  }

  async #lookUp(ids: Iterator<number> & Iterable<number>): Promise<void> {
    for (const id of ids) {
      if ((await this.#orchestrator.findById(id)) === undefined) this.#end(id, 'expired');
    }
  }
}
