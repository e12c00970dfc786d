import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import type { Clock } from '../../model/clock.js';
import { ConfigurationError } from '../../model/errors.js';
import { problemOf } from './handshake.js';

/** Milliseconds in which a handshake has to be over, its TLS part and its HTTP part each. */
const HANDSHAKE_TIMEOUT = 10_000;

/**
 * A server for handshakes. A socket of which no WebSocket comes in time is cut off, however slowly it goes on sending.
 *
 * @param onRequest - answers plain HTTP
 * @throws ConfigurationError if the certificate or its key cannot be used
 */
export function createHandshakeServer(
  tls: TlsOptions | undefined,
  maxConnections: number,
  clock: Clock,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): HttpServer | HttpsServer {
  const options = { headersTimeout: HANDSHAKE_TIMEOUT, requestTimeout: HANDSHAKE_TIMEOUT };
  const server = tls
    ? secured(() => createTlsServer({ handshakeTimeout: HANDSHAKE_TIMEOUT, ...tls, ...options }, onRequest))
    : createServer(options, onRequest);
  // Those that are refused with an answer must be accepted first.
  server.maxConnections = 2 * maxConnections;
  const timers = new WeakMap<Duplex, unknown>();
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    const timer = clock.setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT);
    timers.set(socket, timer);
    socket.once('close', () => clock.clearTimeout(timer));
  });
  server.on('upgrade', (_request, socket) => clock.clearTimeout(timers.get(socket)));
  return server;
}

/**
 * Listens. What goes wrong later is told to `onFault`.
 *
 * @throws ConfigurationError if it cannot listen there, with what to do
 */
export function listen(
  server: HttpServer | HttpsServer,
  port: number,
  host: string,
  onFault: (cause: unknown) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException) => {
      reject(new ConfigurationError(`${host}:${port}: ${ADVICE[cause.code ?? ''] ?? cause.message}`, { cause }));
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      server.on('error', onFault);
      resolve();
    });
  });
}

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use. Stop what listens there, or choose another port; 0 takes a free one.',
  EACCES: 'this process may not listen on the port. Choose one above 1023, or give it the right to.',
  EADDRNOTAVAIL: 'the host is no address of this machine. Choose one that is, or 127.0.0.1.',
  ENOTFOUND: 'the host has no address. Choose an IP address, or a name that has one.',
};

function secured<Server>(create: () => Server): Server {
  try {
    return create();
  } catch (cause) {
    throw new ConfigurationError('tls: the certificate and its key cannot be used. Are both in PEM, and of a pair?', {
      cause,
    });
  }
}

/** Tells who sends plain HTTP to upgrade. */
export function refusePlainHttp(response: ServerResponse): void {
  const { type, body } = problemOf(426, 'This is a WebSocket: connect to it with ws:// or wss://.');
  response.writeHead(426, { Upgrade: 'websocket', Connection: 'close, Upgrade', 'Content-Type': type });
  response.end(body);
}
