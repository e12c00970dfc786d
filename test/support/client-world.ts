import { afterEach, beforeEach, expect } from '@jest/globals';
import { type ConnectOptions, connect, type SessionClient } from '../../src/client/index.js';
import type { SessionInitError } from '../../src/model/errors.js';
import { type SimulatedClock, simulatedClock } from '../../src/testing/simulated-clock.js';
import { ScriptedServer, type ServerEnd } from './scripted-web-socket-server.js';
import { success } from './wire-answers.js';

export const ALICE = { username: 'alice', user_secret: 'marked-user-secret-1' };
export const BOB = { username: 'bob', user_secret: 'marked-user-secret-2' };
export const TIMED_OUT = { reason: 'REQUEST_TIMED_OUT', code: 'request_timed_out' };
export const CANCELLED = { reason: 'OTHER', code: 'cancelled' };

/** Clients under simulated time, and a scripted server for them. */
export class ClientWorld {
  server!: ScriptedServer;
  clock!: SimulatedClock;
  /** What `onError` was called with, by all clients. */
  errors!: [SessionInitError, string | undefined][];
  #clients!: SessionClient[];

  async start(): Promise<void> {
    this.server = await ScriptedServer.start();
    this.clock = simulatedClock();
    this.errors = [];
    this.#clients = [];
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.server.stop();
    await this.clock.advance(0);
  }

  connect(url: string | URL = this.server.url, options: ConnectOptions = {}): SessionClient {
    const onError = (error: SessionInitError, referenceId?: string) => this.errors.push([error, referenceId]);
    const client = connect(url, { clock: this.clock, onError, ...options });
    this.#clients.push(client);
    return client;
  }

  /** A client with a session, and the server's end of its connection. */
  async establish(options?: ConnectOptions): Promise<{ client: SessionClient; end: ServerEnd }> {
    const client = this.connect(this.server.url, options);
    const asked = client.init(ALICE);
    const end = await this.server.connections.take();
    expect(await end.frames.take()).toEqual(ALICE);
    end.send(success('alice'));
    expect((await asked).success).toBe(true);
    return { client, end };
  }

  /** Fails if a client has dialled whose connection nobody has taken: it would come before the one that is opened now. */
  async nobodyHasDialled(): Promise<void> {
    const last = this.connect();
    await last.opened;
    await this.server.connections.take();
    expect(this.server.connections.size).toBe(0);
  }

  /** Lets the server stop listening while `use` runs. @returns the URL under which nobody is */
  async withoutServer(use: (url: string) => Promise<void>): Promise<void> {
    const { url } = this.server;
    await this.server.stop();
    try {
      await use(url);
    } finally {
      this.server = await ScriptedServer.start();
    }
  }
}

/**
 * A world for each test of a file. What is thrown and not caught, or rejected and not handled, fails the test that runs:
 * Jest listens for both, and `stop()` waits two turns for them.
 */
export function clientWorld(): ClientWorld {
  const world = new ClientWorld();
  beforeEach(() => world.start());
  afterEach(() => world.stop());
  return world;
}

/** The next event of a kind: `await next(client.onMessage)`. */
export function next<Event>(subscribe: (listener: (event: Event) => void) => () => void): Promise<Event> {
  return new Promise((resolve) => {
    const unsubscribe = subscribe((event) => {
      unsubscribe();
      resolve(event);
    });
  });
}
