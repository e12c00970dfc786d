import { setTimeout as wait } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import type { SessionLimitPolicy } from '../../src/adapters/session-lifetime.js';
import { BackendFaultError, DeadlineExceededError } from '../../src/model/errors.js';
import type { Secret } from '../../src/model/secret.js';
import type { FullAuthSession } from '../../src/model/session.js';

/** A session that a creation has answered. What happens is numbered: one thing was over before another began, or not. */
interface Granted {
  readonly id: number;
  readonly secret: Secret;
  readonly askedAt: number;
  readonly grantedAt: number;
  /** When its secret was first found to open nothing. */
  goneAt?: number;
}

/** What a user knows. */
interface UserHistory {
  readonly user: string;
  readonly granted: Granted[];
  /** By id, since when a session has ended: it was answered that it was removed, or evicted. */
  readonly endedAt: Map<number, number>;
  /** The ids of those that a removal may have ended that has failed. */
  readonly doubtful: Set<number>;
  failedCreations: number;
}

const { signal } = new AbortController();

/**
 * A few users who log in on each of some session managers, use their sessions, look them up and end them, again and again.
 * What is answered is held against all that was answered before; a call may fail by a fault of the store alone.
 */
export class LimitedLoad {
  /** What faults have said, but for numbers. */
  readonly faults = new Set<string>();
  readonly #managers: readonly SessionManager[];
  readonly #policy: SessionLimitPolicy;
  readonly #histories: readonly UserHistory[];
  readonly #running: Promise<void>;
  #happened = 0;
  /** How many of the latest calls had no fault. */
  #sound = 0;
  #isOver = false;

  constructor(managers: readonly SessionManager[], policy: SessionLimitPolicy, users: readonly string[]) {
    this.#managers = managers;
    this.#policy = policy;
    this.#histories = users.map((user) => ({
      user,
      granted: [],
      endedAt: new Map(),
      doubtful: new Set(),
      failedCreations: 0,
    }));
    const running = managers.flatMap((manager) => this.#histories.map((history) => this.#run(manager, history)));
    this.#running = Promise.all(running).then(() => {});
  }

  /** When the latest calls, so many, were all without a fault. */
  async recovered(count: number): Promise<void> {
    this.#sound = 0;
    const isSound = async () => {
      while (this.#sound < count) await wait(10);
    };
    await Promise.race([isSound(), this.#running]);
  }

  /** Begins no more, and waits for what is under way. @throws if an answer was wrong */
  async finish(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async close(): Promise<void> {
    await this.finish();
    await Promise.all(this.#managers.map((manager) => manager.close?.()));
  }

  /**
   * Looks up all sessions that were ever granted, when nothing is under way. None has ended without a reason that somebody
   * was told of, or that hides in a creation that has failed: it may have taken the place of one session.
   *
   * @returns how many can be opened of each user
   */
  async openOnes(manager: SessionManager): Promise<number[]> {
    const counts: number[] = [];
    for (const history of this.#histories) {
      const { granted, failedCreations } = history;
      await Promise.all(granted.map((session) => this.#find(manager, history, session)));
      const lost = granted.filter((session) => this.#isLost(history, session));
      expect(lost.length).toBeLessThanOrEqual(this.#policy === 'refuse' ? 0 : failedCreations);
      counts.push(granted.filter(({ goneAt }) => goneAt === undefined).length);
    }
    return counts;
  }

  async #run(manager: SessionManager, history: UserHistory): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#ask(manager, history);
        this.#sound += 1;
        await wait(Math.random() * 10);
      } catch (fault) {
        if (!(fault instanceof BackendFaultError || fault instanceof DeadlineExceededError)) throw fault;
        this.#sound = 0;
        this.faults.add(fault.message.replaceAll(/[\d.:]+/g, '…'));
        // Nobody asks again at once when nothing works.
        await wait(20);
      }
    }
  }

  /** Does something, mostly with one of the latest sessions. */
  async #ask(manager: SessionManager, history: UserHistory): Promise<void> {
    const { granted } = history;
    const session = granted.at(-1 - Math.floor(Math.random() * 5));
    const dice = Math.random();
    if (session === undefined || dice < 0.4) await this.#create(manager, history);
    else if (dice < 0.7) await this.#find(manager, history, session);
    else if (dice < 0.9) await this.#use(manager, history, session);
    else await this.#remove(manager, history, session);
  }

  async #create(manager: SessionManager, history: UserHistory): Promise<void> {
    const { user, granted, endedAt } = history;
    const askedAt = this.#happened++;
    history.failedCreations += 1;
    const creation = await manager.create({ user, ipAddress: '192.0.2.1' }, { signal });
    history.failedCreations -= 1;
    if (creation.outcome === 'limitReached') return expect(this.#policy).toBe('refuse');
    const { session, evicted = [] } = creation;
    expect(session.user).toBe(user);
    const grantedAt = this.#happened++;
    for (const id of evicted) endedAt.set(id, Math.min(endedAt.get(id) ?? grantedAt, grantedAt));
    granted.push({ id: session.session_id, secret: session.session_secret as Secret, askedAt, grantedAt });
  }

  async #find(manager: SessionManager, history: UserHistory, session: Granted): Promise<void> {
    const askedAt = this.#happened++;
    const { goneAt = Number.POSITIVE_INFINITY } = session;
    const found = await manager.findBySecret(session.secret);
    if (found === undefined) session.goneAt ??= this.#happened++;
    else {
      expect(goneAt).toBeGreaterThan(askedAt);
      this.#expectLive(history, session, found, askedAt);
    }
  }

  /** By its id. */
  async #use(manager: SessionManager, history: UserHistory, session: Granted): Promise<void> {
    const askedAt = this.#happened++;
    const { id } = session;
    const found = await (Math.random() < 0.5 ? manager.refresh(id) : manager.findById(id));
    if (found !== undefined) this.#expectLive(history, session, found, askedAt);
  }

  async #remove(manager: SessionManager, { endedAt, doubtful }: UserHistory, { id }: Granted): Promise<void> {
    const isRemoved = await manager.remove(id).catch((fault: unknown) => {
      doubtful.add(id);
      throw fault;
    });
    if (isRemoved && !endedAt.has(id)) endedAt.set(id, this.#happened++);
  }

  #expectLive({ user, endedAt }: UserHistory, { id }: Granted, found: FullAuthSession, askedAt: number): void {
    expect([found.session_id, found.user]).toEqual([id, user]);
    expect(endedAt.get(id) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(askedAt);
  }

  #isLost({ granted, endedAt, doubtful }: UserHistory, session: Granted): boolean {
    if (session.goneAt === undefined || endedAt.has(session.id) || doubtful.has(session.id)) return false;
    // With `reuse` each creation ends the secret of the one before.
    return this.#policy !== 'reuse' || granted.every((other) => other === session || other.grantedAt < session.askedAt);
  }
}
