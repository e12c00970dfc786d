import type { Clock } from '../../model/clock.js';
import type { FullAuthSession } from '../../model/session.js';
import type { SessionOrchestrator } from '../../orchestrator.js';
import type { Tell } from './events.js';

/** The waits between the attempts, in milliseconds. After the last one the session is left to its idle time-out. */
const WAITS = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600];

/** Removes sessions whose answer did not reach its client, and tries again when that fails (promise P2). */
export class Withdrawals {
  readonly #orchestrator: SessionOrchestrator;
  readonly #clock: Clock;
  readonly #tell: Tell;
  readonly #underWay = new Set<Promise<void>>();

  constructor(orchestrator: SessionOrchestrator, clock: Clock, tell: Tell) {
    this.#orchestrator = orchestrator;
    this.#clock = clock;
    this.#tell = tell;
  }

  withdraw(session: FullAuthSession): void {
    this.waitFor(this.#remove(session.session_id, session.user));
  }

  /** Takes part of what `settled` waits for: an answer whose client is gone may end in a withdrawal. */
  waitFor(work: Promise<void>): void {
    this.#underWay.add(work);
    work.finally(() => this.#underWay.delete(work));
  }

  /** When nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #remove(sessionId: number, user: string): Promise<void> {
    for (let attempts = 1; ; attempts++) {
      const report = { type: 'session.withdrawn', sessionId, user, attempts } as const;
      try {
        await this.#orchestrator.remove(sessionId);
        this.#tell({ ...report, outcome: 'removed' });
        return;
      } catch (cause) {
        const wait = WAITS[attempts - 1];
        this.#tell({ ...report, outcome: wait === undefined ? 'abandoned' : 'retrying', cause });
        if (wait === undefined) return;
        await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, wait));
      }
    }
  }
}
