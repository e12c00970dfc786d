import type { CallOptions, SessionEndCause, SessionManager, SessionPage } from '../adapters/ports.js';
import type { Clock } from '../model/clock.js';
import { Secret } from '../model/secret.js';
import type { FullAuthSession } from '../model/session.js';
import { withDeadline } from '../model/with-deadline.js';
import type { EventHub } from './events.js';
import { Sweeper } from './sweeper.js';

/**
 * The sessions that there are: every call of the session manager under a deadline, every end of a session told, and
 * those that have expired cleared away.
 */
export class Sessions {
  readonly #manager: SessionManager;
  readonly #clock: Clock;
  readonly #deadline: number;
  readonly #events: EventHub;
  readonly #sweeper: Sweeper;
  readonly #unwatch: (() => void) | undefined;

  /**
   * @param deadline - of each call, in milliseconds
   * @param sweepInterval - between two removals of what has expired, in milliseconds
   */
  constructor(manager: SessionManager, clock: Clock, deadline: number, sweepInterval: number, events: EventHub) {
    this.#manager = manager;
    this.#clock = clock;
    this.#deadline = deadline;
    this.#events = events;
    const onFault = (cause: unknown) =>
      events.emit('fault.reported', { source: 'sessionManager.removeExpired', cause });
    this.#sweeper = new Sweeper(clock, sweepInterval, (limit) => this.#removeExpired(limit), onFault);
    this.#unwatch = manager.watch?.({
      ended: (sessionId, cause) => events.emit('session.ended', { sessionId, cause, endedBy: 'anotherNode' }),
      missed: () => events.emit('sessions.unheard', {}),
    });
  }

  findBySecret(secret: Secret | string): Promise<FullAuthSession | undefined> {
    const given = typeof secret === 'string' ? new Secret(secret) : secret;
    return this.#call('findBySecret', (options) => this.#manager.findBySecret(given, options));
  }

  findById(sessionId: number): Promise<FullAuthSession | undefined> {
    return this.#call('findById', (options) => this.#manager.findById(sessionId, options));
  }

  listByUser(user: string | undefined, page?: SessionPage): Promise<readonly FullAuthSession[]> {
    return this.#call('listByUser', (options) => this.#manager.listByUser(user, page, options));
  }

  refresh(sessionId: number): Promise<FullAuthSession | undefined> {
    return this.#call('refresh', (options) => this.#manager.refresh(sessionId, options));
  }

  async remove(sessionId: number): Promise<boolean> {
    const removed = await this.#call('remove', (options) => this.#manager.remove(sessionId, options));
    if (removed) this.ended(sessionId, 'removed');
    return removed;
  }

  async removeByUser(user: string | undefined): Promise<number> {
    let removed = 0;
    let after = 0;
    for (;;) {
      const page = await this.listByUser(user, { after });
      if (page.length === 0) return removed;
      for (const { session_id } of page) {
        if (await this.remove(session_id)) removed++;
        after = session_id;
      }
    }
  }

  /** Tells that this orchestrator has ended a session. */
  ended(sessionId: number, cause: SessionEndCause): void {
    this.#events.emit('session.ended', { sessionId, cause, endedBy: 'thisNode' });
  }

  /** Ends what goes on by itself: the removal of what has expired, and the news of other nodes. */
  stop(): void {
    this.#sweeper.stop();
    this.#unwatch?.();
  }

  async #removeExpired(limit: number): Promise<number> {
    const expired = await this.#call('removeExpired', (options) => this.#manager.removeExpired(limit, options));
    for (const { session_id } of expired) this.ended(session_id, 'expired');
    return expired.length;
  }

  #call<Result>(method: string, run: (options: CallOptions) => Promise<Result>): Promise<Result> {
    return withDeadline(this.#clock, this.#deadline, `${this.#manager.name}.${method}`, run);
  }
}
