import type { Clock } from '../../model/clock.js';
import type { GuardedClient } from './guarded-client.js';

interface Idle {
  readonly client: GuardedClient;
  readonly timer: unknown;
}

/** Connections that nobody uses. The one that was used last is taken first, so that what is too many grows old. */
export class IdleClients {
  readonly #clock: Clock;
  readonly #longest: number;
  #idle: Idle[] = [];

  /** @param longest - milliseconds after which a connection that nobody takes is closed */
  constructor(clock: Clock, longest: number) {
    this.#clock = clock;
    this.#longest = longest;
  }

  /** @returns one that was not at its end a moment ago */
  take(): GuardedClient | undefined {
    for (;;) {
      const idle = this.#idle.pop();
      if (idle === undefined) return undefined;
      this.#clock.clearTimeout(idle.timer);
      if (idle.client.isConnected) return idle.client;
    }
  }

  put(client: GuardedClient): void {
    const timer = this.#clock.setTimeout(() => {
      this.#idle = this.#idle.filter((idle) => idle.client !== client);
      client.hangUp();
    }, this.#longest);
    this.#idle.push({ client, timer });
  }

  /** Closes all. */
  clear(): void {
    for (let client = this.take(); client !== undefined; client = this.take()) client.hangUp();
  }
}
