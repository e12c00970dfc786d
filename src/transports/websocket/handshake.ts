import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { canonicalAddress, isLoopback } from './client-address.js';
import type { RefusalCause } from './events.js';
import type { Settings } from './options.js';

/** Why no WebSocket comes of a handshake. */
export interface Refusal {
  readonly status: number;
  readonly cause: RefusalCause;
  /** For the client. */
  readonly detail: string;
}

const REFUSALS = {
  path: { status: 404, cause: 'path', detail: 'There is no WebSocket at this path.' },
  draining: { status: 503, cause: 'draining', detail: 'The service is shutting down.' },
  noAddress: { status: 400, cause: 'noAddress', detail: 'Your address is not known.' },
  plaintext: { status: 403, cause: 'plaintext', detail: 'Secrets are taken over TLS only: connect with wss://.' },
  origin: { status: 403, cause: 'origin', detail: 'Pages of this origin may not connect.' },
  addressFull: { status: 503, cause: 'addressFull', detail: 'Your address has as many connections as it may have.' },
  full: { status: 503, cause: 'full', detail: 'There are as many connections as can be served.' },
} as const satisfies { [Cause in RefusalCause]: Refusal & { cause: Cause } };

/** Seconds after which a client that met a full or closing service may try again. */
const RETRY_AFTER = 5;

/** The state of the transport that a handshake depends on. */
export interface Occupancy {
  readonly connections: number;
  connectionsOf(ipAddress: string): number;
  readonly isDraining: boolean;
}

/**
 * Looks at a handshake.
 *
 * @returns the client's address, or why it is refused
 */
export function examine(request: IncomingMessage, settings: Settings, occupancy: Occupancy): string | Refusal {
  const { url = '', headers, socket } = request;
  if (url.split('?', 1)[0] !== settings.path) return REFUSALS.path;
  if (occupancy.isDraining) return REFUSALS.draining;
  const ipAddress = settings.trustedProxies.clientAddress(socket.remoteAddress, textOf(headers['x-forwarded-for']));
  if (ipAddress === undefined) return REFUSALS.noAddress;
  const isOnLoopback = isLoopback(canonicalAddress(socket.localAddress ?? '') ?? '');
  if (!('encrypted' in socket) && !isOnLoopback && !settings.allowPlaintext) return REFUSALS.plaintext;
  const isLocal = isOnLoopback && isLoopback(ipAddress);
  if (!settings.origins.allows(headers.origin, headers.host, isLocal)) return REFUSALS.origin;
  if (occupancy.connections >= settings.maxConnections) return REFUSALS.full;
  const isCrowded = occupancy.connectionsOf(ipAddress) >= settings.maxConnectionsPerAddress;
  return isCrowded ? REFUSALS.addressFull : ipAddress;
}

/** Answers a handshake with a problem (RFC 9457) instead of a WebSocket. */
export function refuse(socket: Duplex, { status, detail }: Refusal): void {
  const { type, body } = problemOf(status, detail);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(status === 503 ? [`Retry-After: ${RETRY_AFTER}`] : []),
  ];
  // A client that is gone is no fault of ours.
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

export function problemOf(status: number, detail: string): { type: string; body: string } {
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail });
  return { type: 'application/problem+json', body };
}

/** Node joins what comes more than once with commas. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}
