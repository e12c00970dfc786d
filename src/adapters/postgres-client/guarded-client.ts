import type { Socket } from 'node:net';
import { MessageFrames } from './message-frames.js';

type Client = import('pg').Client;

/** A client whose connection can be ended at once. */
export interface GuardedClient extends Client {
  readonly isConnected: boolean;
  /** Ends the connection as one who is done with it. */
  hangUp(): void;
  /** Ends the connection, and what was not sent yet never is: the system would go on sending it for minutes. */
  cutOff(): void;
}

export type GuardedClientClass = new (config: import('pg').ClientConfig) => GuardedClient;

/**
 * The client of `pg` for a server that may be broken. What its parser throws would end the process, since nobody can catch
 * what a listener of a socket throws: it ends the connection instead.
 *
 * @param opened - the clients that have a connection; each adds itself
 */
export function guardedClient(pg: typeof import('pg'), opened: Set<GuardedClient>): GuardedClientClass {
  return class extends pg.Client implements GuardedClient {
    /** Below TLS, if there is any. */
    readonly #socket: Socket;

    constructor(config: import('pg').ClientConfig) {
      super(config);
      const { connection } = this;
      this.#socket = connection.stream;
      const attachListeners = connection.attachListeners.bind(connection);
      connection.attachListeners = (stream) => guard(stream, attachListeners);
      opened.add(this);
      connection.once('end', () => opened.delete(this));
      // What befalls a connection is told by the call that uses it, too.
      this.on('error', () => {});
    }

    get isConnected(): boolean {
      return this.#socket.readyState === 'open';
    }

    hangUp(): void {
      this.#socket.destroy();
    }

    cutOff(): void {
      // A Unix socket cannot be reset, and has nothing that is not sent.
      if (this.#socket.remoteAddress === undefined) this.#socket.destroy();
      else this.#socket.resetAndDestroy();
    }
  };
}

function guard(stream: Socket, attachListeners: (stream: Socket) => void): void {
  const before = new Set(stream.listeners('data'));
  attachListeners(stream);
  const frames = new MessageFrames();
  for (const parse of stream.listeners('data').filter((listener) => !before.has(listener))) {
    stream.off('data', parse as (chunk: Buffer) => void);
    stream.on('data', (chunk: Buffer) => {
      try {
        const messages = frames.push(chunk);
        if (messages.length > 0) parse.call(stream, messages);
      } catch (error) {
        stream.destroy(error as Error);
      }
    });
  }
}
