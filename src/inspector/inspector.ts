import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import type { InspectionEvent } from 'xstate';
import { ConfigurationError } from '../index.js';
import { listen } from '../transports/websocket/http-server.js';
import type { WebSocketTransportEvent } from '../transports/websocket.js';
import { isLocalOrigin, isOwnHost, isOwnOrigin, isSameToken, newToken } from './access.js';
import { ActorSource } from './actor-source.js';
import { type BreakerChange, BreakerSource } from './breaker-source.js';
import { ConnectionSource } from './connection-source.js';
import { Drawings } from './drawings.js';
import { Feed } from './feed.js';
import { answerWith, refuseUpgrade } from './http-answers.js';
import { InitSource, type InspectableOrchestrator } from './init-source.js';
import { inspectedMachine } from './inspected-machine.js';
import { type InspectorOptions, type InspectorSettings, resolveInspectorOptions } from './options.js';
import { readPageFiles } from './page-files.js';
import { ShownMachine } from './shown-machine.js';
import { StatelyApplications } from './stately-applications.js';
import { Viewers } from './viewers.js';

/** A page on which inits, connections and XState systems can be watched. */
export interface Inspector {
  /**
   * The address of the page, with the token that opens it behind the `#`: a browser sends that part to nobody. Whoever
   * has it sees everything but secrets.
   */
  readonly url: string;
  /**
   * Where an application may send the events of its actors: `createWebSocketInspector({ url: inspector.statelyUrl })` of
   * `@statelyai/inspect`. The key in it opens nothing: whoever has it can show events, and see none.
   */
  readonly statelyUrl: string;
  /**
   * Shows the inits of an orchestrator. While nobody looks, it keeps the records of the latest ones, and that is all.
   *
   * @returns a function that ends it
   */
  attach(orchestrator: InspectableOrchestrator): () => void;
  /** Shows the actors of an XState system: `createActor(machine, { inspect: inspector.inspect })`. */
  readonly inspect: (event: InspectionEvent) => void;
  /** Shows the connections of a transport: `webSocketTransport(orchestrator, { onEvent: inspector.onTransportEvent })`. */
  readonly onTransportEvent: (event: WebSocketTransportEvent) => void;
  /** Shows circuit breakers: `resilient(backend, { onStateChange: inspector.onBreakerChange })`. */
  readonly onBreakerChange: (change: BreakerChange) => void;
  /** Closes the page. What was attached goes on, unseen. Calling it again returns the same promise. */
  close(): Promise<void>;
}

/**
 * Serves a page that shows what is going on: how many inits are in each state, which way they went, and why one failed.
 * Offline, on this machine alone, for whoever has the token.
 *
 * @example
 * ```ts
 * import {
 *   allowAllAuthorizer, createSessionOrchestrator, memorySessionManager, staticAuthenticator,
 * } from 'session-init';
 * import { inspector } from 'session-init/inspector';
 *
 * const orchestrator = createSessionOrchestrator({
 *   authenticator: staticAuthenticator({ users: { demo: 'only-for-development' } }),
 *   authorizer: allowAllAuthorizer(),
 *   sessionManager: memorySessionManager(),
 * });
 * const watched = await inspector();
 * watched.attach(orchestrator);
 * console.log(watched.url); // open it in a browser
 *
 * await watched.close();
 * ```
 *
 * @throws ConfigurationError if an option cannot work, or it cannot listen there, with what to do
 */
export async function inspector(options: InspectorOptions = {}): Promise<Inspector> {
  return serveInspector(options, fileURLToPath(new URL('../', import.meta.url)));
}

const WEB_SOCKETS = { noServer: true, perMessageDeflate: false };

/** @param root - the folder of the built package, in which the page is */
export async function serveInspector(options: InspectorOptions, root: string): Promise<Inspector> {
  const settings = resolveInspectorOptions(options);
  const { clock, hostNames, sampling, maxInitsPerSecond, keep } = settings;
  const drawings = new Drawings(root, clock);
  const machine = new ShownMachine(await inspectedMachine(), drawings, () => feed.renew());
  const inits = new InitSource({ clock, initial: () => machine.now.initial, sampling, keep });
  const actors = new ActorSource(clock, drawings);
  const connections = new ConnectionSource(clock);
  const breakers = new BreakerSource(clock);
  const feed = new Feed({
    clock,
    inits,
    actors,
    connections,
    breakers,
    machine: () => machine.now,
    sampling,
    maxInitsPerSecond,
  });
  const viewers = new Viewers(feed, settings.token, clock);
  const applications = new StatelyApplications(actors, clock);
  const statelyKey = newToken();

  const server = createServer(answerWith(readPageFiles(root), hostNames));
  const pages = new WebSocketServer({ ...WEB_SOCKETS, maxPayload: 1_024 });
  const senders = new WebSocketServer({ ...WEB_SOCKETS, maxPayload: 1_048_576 });
  server.on('upgrade', (request, socket, head) => {
    const [, room = '', key = '', ...more] = (request.url ?? '').split('/');
    if (!isOwnHost(request, hostNames)) return refuseUpgrade(socket, 421);
    const isFeed = room === 'feed' && key === '' && more.length === 0;
    const isStately = room === 'stately' && isSameToken(key, statelyKey) && more.length === 0;
    if (!isFeed && !isStately) return refuseUpgrade(socket, 404);
    if (isFeed ? !isOwnOrigin(request) : !isLocalOrigin(request, hostNames)) return refuseUpgrade(socket, 403);
    if (isFeed) pages.handleUpgrade(request, socket, head, (webSocket) => viewers.accept(webSocket));
    else senders.handleUpgrade(request, socket, head, (webSocket) => applications.accept(webSocket));
  });
  await listenOnFirstFree(server, settings);
  const { address, family, port } = server.address() as AddressInfo;
  const authority = `${reachable(address, family)}:${port}`;

  async function shutDown(): Promise<void> {
    drawings.close();
    for (const detach of attached.splice(0)) detach();
    const closed = new Promise((resolve) => server.close(resolve));
    for (const webSocket of [...pages.clients, ...senders.clients]) webSocket.terminate();
    server.closeAllConnections();
    await closed;
  }

  const attached: (() => void)[] = [];
  let closed: Promise<void> | undefined;
  return {
    url: `http://${authority}/#token=${settings.token}`,
    statelyUrl: `ws://${authority}/stately/${statelyKey}`,
    attach(orchestrator) {
      const detach = inits.attach(orchestrator);
      machine.show(orchestrator.machine);
      attached.push(detach);
      return detach;
    },
    inspect: (event) => actors.inspect(event),
    onTransportEvent: (event) => connections.add(event),
    onBreakerChange: (change) => breakers.add(change),
    close() {
      closed ??= shutDown();
      return closed;
    },
  };
}

/** @throws ConfigurationError if it can listen on none of the ports, with what to do */
async function listenOnFirstFree(server: Server, { ports, host }: InspectorSettings): Promise<void> {
  for (const [index, port] of ports.entries()) {
    try {
      return await listen(server, port, host, () => {});
    } catch (error) {
      if (index === ports.length - 1 || !isTaken(error)) throw error;
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof ConfigurationError && (error.cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
}

/** Who listens on every address is reached on this one. */
function reachable(address: string, family: string): string {
  if (address === '0.0.0.0' || address === '::') return '127.0.0.1';
  return family === 'IPv6' ? `[${address}]` : address;
}
