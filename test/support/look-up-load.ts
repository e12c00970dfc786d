import { setTimeout as wait } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { SessionManager } from '../../src/adapters/ports.js';
import type { InitLoad } from './init-load.js';

/** Look-ups without an end, of sessions that a load of inits was granted. Each finds the session, nothing, or a fault. */
export class LookUpLoad {
  /** The ids of those that were not found. */
  readonly unknown: number[] = [];
  readonly #manager: SessionManager;
  readonly #load: InitLoad;
  readonly #running: Promise<void>[];
  /** How many of the latest ones had no fault. */
  #sound = 0;
  #isOver = false;

  /** @param parallel - so many at once */
  constructor(manager: SessionManager, load: InitLoad, parallel = 4) {
    this.#manager = manager;
    this.#load = load;
    this.#running = Array.from({ length: parallel }, () => this.#run());
  }

  /** When the latest look-ups, so many, were all without a fault. */
  async recovered(count: number): Promise<void> {
    this.#sound = 0;
    while (this.#sound < count) await wait(10);
  }

  /** Begins no more, and waits for those that are under way. @throws if one failed otherwise than by a fault of the store */
  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async close(): Promise<void> {
    await this.finish();
    await this.#manager.close?.();
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const { answers } = this.#load;
      const session = answers[Math.floor(Math.random() * answers.length)]?.session;
      if (session === undefined) {
        await wait(1);
        continue;
      }
      try {
        const found = await this.#manager.findBySecret(session.secret);
        if (found === undefined) this.unknown.push(session.id);
        else expect([found.session_id, found.user]).toEqual([session.id, session.user]);
        this.#sound += 1;
      } catch (fault) {
        expect(fault).toMatchObject({ code: expect.stringMatching(/^(backend_fault|deadline_exceeded)$/) });
        this.#sound = 0;
        await wait(20);
      }
    }
  }
}
