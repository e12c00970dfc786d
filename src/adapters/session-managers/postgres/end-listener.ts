import type { Clock } from '../../../model/clock.js';
import { withDeadline } from '../../../model/with-deadline.js';
import type { SessionEndListener } from '../../ports.js';
import type { GuardedClient } from '../../postgres-client/guarded-client.js';
import { readToldEnd } from './told-ends.js';

/** Milliseconds between two signs of life that are asked for, and for one to come. */
const KEEP_ALIVE = 1_000;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 2_000;

export interface EndListenerOptions {
  readonly clock: Clock;
  readonly channel: string;
  /** What this node calls itself: what it tells is not for its own ears. */
  readonly node: string;
  /** A connection for nothing else, that the listener ends. */
  readonly connect: () => Promise<GuardedClient>;
}

/** Hears what other nodes end, on a connection of its own for as long as somebody listens. */
export class EndListener {
  readonly #options: EndListenerOptions;
  readonly #listeners = new Set<SessionEndListener>();
  #hearing: AbortController | undefined;

  constructor(options: EndListenerOptions) {
    this.#options = options;
  }

  /** @returns a function that ends it */
  add(listener: SessionEndListener): () => void {
    // Of its own, so that one that is added twice is told twice, and taken away once.
    const own: SessionEndListener = {
      ended: (id, cause) => listener.ended(id, cause),
      missed: () => listener.missed(),
    };
    this.#listeners.add(own);
    if (this.#hearing === undefined) this.#begin();
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    this.#hearing?.abort();
    this.#hearing = undefined;
  }

  #begin(): void {
    this.#hearing = new AbortController();
    this.#hear(this.#hearing.signal);
  }

  async #hear(closing: AbortSignal): Promise<void> {
    let hasMissed = false;
    let pause = 0;
    while (!closing.aborted) {
      try {
        await this.#hearOnce(closing, () => {
          if (hasMissed) this.#tell((listener) => listener.missed());
          pause = 0;
        });
      } catch {
        // Why shows in the calls. What counts here is that something may have been missed.
      }
      hasMissed = true;
      pause = Math.min(Math.max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE);
      await this.#wait(pause * (0.5 + Math.random() / 2), closing);
    }
  }

  /** Settles when the connection is at an end. */
  async #hearOnce(closing: AbortSignal, onHearing: () => void): Promise<void> {
    const { clock, channel, connect } = this.#options;
    const client = await connect();
    const ended = new AbortController();
    const end = () => client.cutOff();
    client.connection.once('end', () => ended.abort());
    closing.addEventListener('abort', end);
    try {
      closing.throwIfAborted();
      client.on('notification', ({ payload }: { payload?: unknown }) => this.#heed(payload));
      const ask = (text: string) => withDeadline(clock, KEEP_ALIVE, 'listen', () => client.query({ text }));
      await ask(`LISTEN "${channel}"`);
      onHearing();
      while (client.isConnected) {
        await this.#wait(KEEP_ALIVE, ended.signal);
        await ask('SELECT 1');
      }
    } finally {
      closing.removeEventListener('abort', end);
      end();
    }
  }

  #heed(payload: unknown): void {
    const told = readToldEnd(payload);
    if (told === undefined || told.node === this.#options.node) return;
    for (const id of told.ids) this.#tell((listener) => listener.ended(id, told.cause));
  }

  #tell(what: (listener: SessionEndListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        what(listener);
      } catch {
        // What a listener throws must not keep the others from hearing.
      }
    }
  }

  /** Waits so long, or until the signal is aborted. */
  #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const done = () => {
        clock.clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = clock.setTimeout(done, milliseconds);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }
}
