import type { Clock } from '../../model/clock.js';
import type { FullAuthSession } from '../../model/session.js';
import { withDeadline } from '../../model/with-deadline.js';
import type { SessionOrchestrator } from '../../orchestrator.js';
import type { Tell } from './events.js';

/** How long one attempt may take, in milliseconds. */
const ATTEMPT_DEADLINE = 5_000;
/** The waits between the attempts, in milliseconds. After the last one the session is left to its idle time-out. */
const WAITS = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600];

/** Removes sessions whose answer did not reach its client, and tries again when that fails (promise P2). */
export class Withdrawals {
  readonly #orchestrator: SessionOrchestrator;
  readonly #clock: Clock;
  readonly #tell: Tell;
  readonly #underWay = new Set<Promise<void>>();
  /** Ends the wait for the next attempt. */
  readonly #waiting = new Set<() => void>();
  #isLastAttempt = false;

  constructor(orchestrator: SessionOrchestrator, clock: Clock, tell: Tell) {
    this.#orchestrator = orchestrator;
    this.#clock = clock;
    this.#tell = tell;
  }

  withdraw(session: FullAuthSession): void {
    this.waitFor(this.#remove(session));
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

  /** Waits for no more attempts: what waits for one has it at once, and it is the last. */
  hurry(): void {
    this.#isLastAttempt = true;
    for (const go of this.#waiting) go();
  }

  async #remove(session: FullAuthSession): Promise<void> {
    const { session_id: sessionId, user } = session;
    for (let attempts = 1; ; attempts++) {
      const report = { type: 'session.withdrawn', sessionId, user, attempts } as const;
      try {
        const attempt = () => this.#removeUnlessSuperseded(session);
        const outcome = await withDeadline(this.#clock, ATTEMPT_DEADLINE, 'The withdrawal of a session', attempt);
        this.#tell({ ...report, outcome });
        return;
      } catch (cause) {
        const isLast = this.#isLastAttempt || attempts > WAITS.length;
        this.#tell({ ...report, outcome: isLast ? 'abandoned' : 'retrying', cause });
        if (isLast) return;
        await this.#wait(WAITS[attempts - 1] as number);
      }
    }
  }

  /** With `limitPolicy: 'reuse'` the same session may be another client's by now, under a secret of its own. */
  async #removeUnlessSuperseded(session: FullAuthSession): Promise<'removed' | 'superseded'> {
    const { session_id: sessionId, session_secret: secret } = session;
    const opened = secret && (await this.#orchestrator.findBySecret(secret));
    if (opened?.session_id !== sessionId) return 'superseded';
    await this.#orchestrator.remove(sessionId);
    return 'removed';
  }

  async #wait(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = () => {
        this.#waiting.delete(go);
        this.#clock.clearTimeout(timer);
        resolve();
      };
      const timer = this.#clock.setTimeout(go, milliseconds);
      this.#waiting.add(go);
    });
  }
}
