import type { Socket } from 'node:net';
import { MessageFrames } from './message-frames.js';

/**
 * The client of `pg` for a server that may be broken. What its parser throws would end the process, since nobody can catch
 * what a listener of a socket throws: it ends the connection instead.
 *
 * @param opened - the clients that have a connection; each adds itself
 */
export function guardedClient(pg: typeof import('pg'), opened: Set<import('pg').Client>): typeof import('pg').Client {
  return class GuardedClient extends pg.Client {
    constructor(config: ConstructorParameters<typeof pg.Client>[0]) {
      super(config);
      const { connection } = this;
      const attachListeners = connection.attachListeners.bind(connection);
      connection.attachListeners = (stream) => guard(stream, attachListeners);
      opened.add(this);
      connection.once('end', () => opened.delete(this));
      // What befalls a connection is told by the call that uses it, too.
      this.on('error', () => {});
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
