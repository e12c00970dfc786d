import type { RedisClient } from './open-client.js';

/** So many commands are written in one piece: the server begins with the first ones while there are more to come. */
const MOST = 32;

/**
 * Has the commands that are sent in one turn of the event loop written in one piece. The package writes each by itself, and
 * under load that call of the system is half of what a look-up costs; its own pipelines make a single one slower. It is for
 * those alone: scripts keep the server so busy that each had better come as soon as it can. The connections of a cluster are
 * not within reach.
 */
export class WrittenTogether {
  #stream: Writing | undefined;
  #count = 0;

  /** Called before a command is sent that is over soon. */
  add(client: RedisClient): void {
    const stream: Writing | undefined = 'stream' in client ? client.stream : undefined;
    if (stream === undefined) return;
    if (stream !== this.#stream) {
      this.#begin(stream);
    } else if (++this.#count === MOST) {
      stream.uncork();
      stream.cork();
      this.#count = 0;
    }
  }

  #begin(stream: Writing): void {
    this.#stream = stream;
    this.#count = 0;
    stream.cork();
    process.nextTick(() => {
      stream.uncork();
      if (this.#stream === stream) this.#stream = undefined;
    });
  }
}

type Writing = Pick<import('node:stream').Writable, 'cork' | 'uncork'>;
