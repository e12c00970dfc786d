import type { ClientConnection } from '../machines/client.js';
import type { Answer } from '../machines/client-answer.js';
import type { Connection } from './connection.js';

/** The close code of a server that shuts down (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1001;
/** So often an init is asked for again: each time another server may be about to shut down. */
const MAX_MOVES = 3;

/**
 * The connection that one init is asked for on. A server that shuts down answers what it has taken, and then closes: a
 * request that it left unanswered has come too late for it, or was given up together with its session. So it is sent once
 * more, on a new connection, which leads to another server, or to the same one after its restart.
 */
export class AskedConnection implements ClientConnection {
  readonly #dial: () => Connection;
  #connection: Connection;
  #isLeft = false;

  /** @param dial - the connection that is to be used now, a new one if need be */
  constructor(dial: () => Connection) {
    this.#dial = dial;
    this.#connection = dial();
    this.#connection.join();
  }

  whenOpen(): Promise<void> {
    return this.#connection.whenOpen();
  }

  async exchange(request: string): Promise<Answer> {
    for (let moves = 0; ; moves++) {
      try {
        return await this.#connection.exchange(request);
      } catch (cause) {
        const { code } = await this.#connection.closed;
        if (code !== GOING_AWAY || moves === MAX_MOVES || this.#isLeft) throw cause;
        this.#move();
        await this.#connection.whenOpen();
        if (this.#isLeft) throw cause;
      }
    }
  }

  disown(answer: Answer): void {
    this.#connection.disown(answer);
  }

  /** The init has ended. */
  leave(): void {
    this.#isLeft = true;
    this.#connection.leave();
  }

  #move(): void {
    this.#connection.leave();
    this.#connection = this.#dial();
    this.#connection.join();
  }
}
