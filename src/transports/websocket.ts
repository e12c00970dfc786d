/**
 * Session initialisation over WebSockets: one connection, many messages, an answer to each request in order.
 *
 * @packageDocumentation
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { connectionRunner } from '../machines/run-connection.js';
import { ConfigurationError } from '../model/errors.js';
import type { SessionOrchestrator } from '../orchestrator.js';
import { AddressCounts } from './websocket/address-counts.js';
import { WebSocketConnection } from './websocket/connection.js';
import { examine, refuse } from './websocket/handshake.js';
import { createHandshakeServer, listen, refusePlainHttp } from './websocket/http-server.js';
import { resolveOptions, type WebSocketTransportOptions } from './websocket/options.js';
import { Outbox } from './websocket/outbox.js';
import { SessionWatch } from './websocket/session-watch.js';
import { Withdrawals } from './websocket/withdrawals.js';

export type { SessionEndCause } from '../adapters/ports.js';
export type { JsonObject } from '../model/json.js';
export type { Conversation } from './websocket/conversation.js';
export type { RefusalCause, WebSocketTransportEvent } from './websocket/events.js';
export type {
  CommonWebSocketTransportOptions,
  ExistingServerOptions,
  OwnServerOptions,
  WebSocketTransportOptions,
} from './websocket/options.js';

/** Where a transport can be reached. */
export interface WebSocketAddress {
  /** The IP address that it listens on. */
  host: string;
  port: number;
  /** Such as `ws://127.0.0.1:3012/`. */
  url: string;
}

/** A WebSocket endpoint that answers requests for a session. */
export interface WebSocketTransport {
  /** Resolves when it listens. @throws ConfigurationError if it cannot, with what to do */
  readonly listening: Promise<void>;
  /** How many connections are open. */
  readonly connections: number;
  /** @throws ConfigurationError if it does not listen on a port (yet): see {@link WebSocketTransport.listening} */
  address(): WebSocketAddress;
  /**
   * Takes no new connections, lets every connection finish what has come, and closes it with 1001; what is not finished
   * by the deadline is given up: clients have 5 s more to close their side, and a session whose answer did not reach its
   * client has one more attempt to be removed. Drain the orchestrator after it: it closes the session manager. Calling it
   * again returns the same promise.
   *
   * @param deadline - milliseconds. @defaultValue 10_000
   */
  drain(deadline?: number): Promise<void>;
  /** A drain that waits for nobody. It also cuts short one that is under way. */
  close(): Promise<void>;
}

/**
 * Serves an orchestrator over WebSockets, on a server of its own or on one that is there already.
 *
 * Every frame, text or binary, is a JSON message, and every request gets one `SessionInitResponse`, in order. A
 * successful one binds the connection to its session: from then on JSON objects without a `user_secret` go to
 * `onMessage`. When the session ends, the client is told, with `{"event":"session_ended","session_id":…,"cause":…}`, and
 * the connection is closed with 4001.
 *
 * Messages are not compressed: a secret that is compressed together with what an attacker chose can be guessed from the
 * length (CRIME, BREACH), and a compressor takes some 300 KB for each connection.
 *
 * @example
 * ```ts
 * import {
 *   allowAllAuthorizer, createSessionOrchestrator, memorySessionManager, staticAuthenticator,
 * } from 'session-init';
 * import { webSocketTransport } from 'session-init/transports/websocket';
 *
 * const orchestrator = createSessionOrchestrator({
 *   authenticator: staticAuthenticator({ users: { demo: 'only-for-development' } }),
 *   authorizer: allowAllAuthorizer(),
 *   sessionManager: memorySessionManager(),
 * });
 * const transport = webSocketTransport(orchestrator, {
 *   port: 0,
 *   onMessage: (message, { session, send }) => send({ hello: session.user, echo: message }),
 * });
 * await transport.listening;
 * console.log(transport.address().url);
 *
 * await transport.drain();
 * await orchestrator.drain();
 * ```
 *
 * @throws ConfigurationError if an option cannot work
 */
export function webSocketTransport(
  orchestrator: SessionOrchestrator,
  options: WebSocketTransportOptions,
): WebSocketTransport {
  const settings = resolveOptions(options);
  const { clock, tell, maxMessageBytes, maxConnections } = settings;
  const onFault = (source: string, cause: unknown) => tell({ type: 'fault.reported', source, cause });
  const isOwn = options.server === undefined;
  const server = options.server ?? createHandshakeServer(options.tls, maxConnections, clock, onRequest);
  const watch = new SessionWatch(orchestrator, clock, settings.sessionCheckInterval, onFault);
  const withdrawals = new Withdrawals(orchestrator, clock, tell);
  const startConnection = connectionRunner(settings);
  const surroundings = { startConnection, orchestrator, settings, watch, withdrawals, outbox: new Outbox(), tell };
  const open = new Set<WebSocketConnection>();
  const addresses = new AddressCounts();
  let isDraining = false;
  let whenEmpty = () => {};

  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    // A chunk can hold thousands of pings. A connection answers the latest of them.
    autoPong: false,
    // A message may come in many small pieces, each of which takes far more memory than its bytes.
    maxBufferedChunks: Math.max(1_024, maxMessageBytes / 64),
    maxFragments: Math.max(1_024, maxMessageBytes / 64),
    handleProtocols: () => false,
  });

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    try {
      if (options.onRequest?.(request, response)) return;
    } catch (cause) {
      onFault('onRequest', cause);
    }
    refusePlainHttp(response);
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const connectionsOf = (ipAddress: string) => addresses.of(ipAddress);
    const verdict = examine(request, settings, { connections: open.size, connectionsOf, isDraining });
    if (typeof verdict === 'string') {
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        const connection = new WebSocketConnection({ webSocket, socket, ipAddress: verdict }, surroundings, () => {
          open.delete(connection);
          addresses.remove(verdict);
          if (open.size === 0) whenEmpty();
        });
        open.add(connection);
        addresses.add(verdict);
      });
      return;
    }
    // On a shared server, somebody else may serve other paths.
    if (verdict.cause === 'path' && !isOwn && server.listenerCount('upgrade') > 1) return;
    tell({
      type: 'handshake.refused',
      ipAddress: request.socket.remoteAddress ?? '',
      status: verdict.status,
      cause: verdict.cause,
    });
    refuse(socket, verdict);
  }

  function address(): WebSocketAddress {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') {
      throw new ConfigurationError('The transport does not listen on a port (yet). Wait for transport.listening.');
    }
    const scheme = 'setSecureContext' in server ? 'wss' : 'ws';
    const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
    return { host: bound.address, port: bound.port, url: `${scheme}://${host}:${bound.port}${settings.path}` };
  }

  async function shutDown(): Promise<void> {
    isDraining = true;
    if (isOwn) server.close();
    if (open.size > 0) {
      const empty = new Promise<void>((resolve) => {
        whenEmpty = resolve;
      });
      for (const connection of open) connection.drain();
      await empty;
    }
    watch.close();
    server.off('upgrade', upgrade);
    if (isOwn) server.closeAllConnections();
    await withdrawals.settled();
  }

  function giveUp(): void {
    withdrawals.hurry();
    for (const connection of open) connection.shutDown();
  }

  let drained: Promise<void> | undefined;
  const drain = (deadline = 10_000): Promise<void> => {
    if (drained === undefined) {
      const timer = clock.setTimeout(giveUp, deadline);
      drained = shutDown().finally(() => clock.clearTimeout(timer));
    }
    return drained;
  };

  server.on('upgrade', upgrade);
  const listening = isOwn
    ? listen(server, options.port, options.host ?? '127.0.0.1', (c) => onFault('server', c))
    : whenListening(server);
  // Whoever does not wait for it learns of it here.
  listening.catch((cause) => onFault('server', cause));

  return {
    listening,
    get connections() {
      return open.size;
    },
    address,
    drain,
    close: () => {
      const closed = drain(0);
      giveUp();
      return closed;
    },
  };
}

/** Somebody else starts it, or has already. */
async function whenListening(server: { listening: boolean; once(event: 'listening', listener: () => void): unknown }) {
  if (!server.listening) await new Promise<void>((resolve) => server.once('listening', resolve));
}
