import type { Server } from 'node:http';
import { allowAllAuthorizer } from '../../src/adapters/authorizers/allow-all.js';
import type { SessionManager } from '../../src/adapters/ports.js';
import { type MemorySessionManagerOptions, memorySessionManager } from '../../src/adapters/session-managers/memory.js';
import type { FullAuthSession } from '../../src/model/session.js';
import type { InitRecord } from '../../src/orchestration/init-record.js';
import { createSessionOrchestrator, type SessionOrchestrator } from '../../src/orchestrator.js';
import { simulatedClock } from '../../src/testing/simulated-clock.js';
import type { CommonWebSocketTransportOptions, OwnServerOptions } from '../../src/transports/websocket/options.js';
import { type WebSocketTransportEvent, webSocketTransport } from '../../src/transports/websocket.js';
import { WebSocketClient } from './web-socket-client.js';

export const SECRET = 'marked-user-secret-4';

/** A request that is granted, or, with another secret, denied. */
export const request = (username = 'ada', user_secret = SECRET) => ({ username, user_secret });

export interface TransportWorldOptions extends CommonWebSocketTransportOptions {
  server?: Server;
  onRequest?: OwnServerOptions['onRequest'];
  sessions?: MemorySessionManagerOptions;
  /** Puts something in front of the session manager. */
  wrapSessions?: (manager: SessionManager) => SessionManager;
  /** Puts something in front of the orchestrator. */
  wrap?: (orchestrator: SessionOrchestrator) => SessionOrchestrator;
}

/** A transport on a real socket over real backends, under simulated time, which notes everything that happens. */
export class TransportWorld {
  readonly clock = simulatedClock();
  readonly events: WebSocketTransportEvent[] = [];
  readonly records: InitRecord[] = [];
  /** Inits of these users wait in the authenticator until they are let go. */
  readonly #gates = new Map<
    string,
    { whenOpen: Promise<void>; open: () => void; whenReached: Promise<void>; reach: () => void }
  >();
  readonly sessions: SessionManager;
  readonly orchestrator: SessionOrchestrator;
  readonly transport;
  readonly #clients: WebSocketClient[] = [];
  #waiting: (() => void)[] = [];

  constructor(options: TransportWorldOptions = {}) {
    const { server, sessions, wrapSessions = (it) => it, wrap = (it) => it, onEvent, onRequest, ...common } = options;
    this.sessions = memorySessionManager({ clock: this.clock, ...sessions });
    this.orchestrator = createSessionOrchestrator({
      authenticator: {
        name: 'gated',
        authenticate: async ({ username, secret }, { signal }) => {
          await this.#pass(username, signal);
          if (secret.reveal() !== SECRET) return { outcome: 'denied', cause: 'wrongSecret' };
          return { outcome: 'authenticated', user: username };
        },
      },
      authorizer: allowAllAuthorizer(),
      sessionManager: wrapSessions(this.sessions),
      throttle: false,
      clock: this.clock,
    });
    this.orchestrator.on('init.completed', (record) => {
      this.records.push(record);
      this.#happened();
    });
    const all: CommonWebSocketTransportOptions = {
      clock: this.clock,
      ...common,
      onEvent: (event) => {
        this.events.push(event);
        this.#happened();
        onEvent?.(event);
      },
    };
    const where = server ? { server } : { port: 0, onRequest };
    this.transport = webSocketTransport(wrap(this.orchestrator), { ...all, ...where });
  }

  static async start(options: TransportWorldOptions = {}): Promise<TransportWorld> {
    const world = new TransportWorld(options);
    await world.transport.listening;
    return world;
  }

  get url(): string {
    return this.transport.address().url;
  }

  async connect(options: Parameters<typeof WebSocketClient.open>[1] = {}): Promise<WebSocketClient> {
    const client = await WebSocketClient.open(this.url, options);
    this.#clients.push(client);
    return client;
  }

  /** A client whose connection is bound to a session. */
  async connectBound(username = 'ada'): Promise<{ client: WebSocketClient; sessionId: number }> {
    const client = await this.connect();
    const { data } = await client.ask(request(username));
    return { client, sessionId: data?.['session_id'] as number };
  }

  /** Holds the inits of a user back in the authenticator. @returns how to let them go, and when the first is there */
  hold(username: string): { release: () => void; reached: Promise<void> } {
    let open = () => {};
    let reach = () => {};
    const whenOpen = new Promise<void>((resolve) => {
      open = resolve;
    });
    const whenReached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    this.#gates.set(username, { whenOpen, open, whenReached, reach });
    return { release: open, reached: whenReached };
  }

  async #pass(username: string, signal: AbortSignal): Promise<void> {
    const gate = this.#gates.get(username);
    if (gate === undefined) return;
    gate.reach();
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      gate.whenOpen.then(resolve);
    });
  }

  /** Waits until something holds that comes of what happens on the transport or in the orchestrator. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #happened(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Waits for the first event of a type. */
  async event<Type extends WebSocketTransportEvent['type']>(
    type: Type,
  ): Promise<Extract<WebSocketTransportEvent, { type: Type }>> {
    const find = () => this.events.find((event) => event.type === type);
    await this.until(() => find() !== undefined);
    return find() as Extract<WebSocketTransportEvent, { type: Type }>;
  }

  liveSessions(): Promise<readonly FullAuthSession[]> {
    return this.sessions.listByUser(undefined);
  }

  async stop(): Promise<void> {
    for (const { socket } of this.#clients) socket.terminate();
    await this.transport.close();
    await this.orchestrator.close();
  }
}

/** A promise to be settled from outside. */
export function deferred<Value = void>() {
  let resolve: (value: Value) => void = () => {};
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
