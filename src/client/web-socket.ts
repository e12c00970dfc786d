import { ConfigurationError } from '../model/errors.js';

/** How a TLS connection is made and checked. In Node only: a browser has its own certificates. All are PEM texts. */
export interface ClientTlsOptions {
  /** The certificates that are trusted, in place of the system's. */
  ca?: string | string[];
  /** The client's own certificate, for a server that asks for one. */
  cert?: string;
  /** The key of `cert`. */
  key?: string;
  /** The name that the server's certificate must have. @defaultValue the host of the URL */
  servername?: string;
}

/** Options of {@link loadWebSocket}. */
export interface WebSocketOptions {
  tls?: ClientTlsOptions | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
}

/** What an event of a socket may carry, over all its kinds. */
export interface SocketEvent {
  readonly data?: unknown;
  readonly code?: number;
  readonly reason?: string;
  readonly error?: unknown;
  readonly message?: string;
}

/** What is used of a WebSocket: the same in browsers, in Node and in `ws`. */
export interface Socket {
  readonly readyState: number;
  binaryType: string;
  send(text: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'message' | 'error' | 'close', listener: (event: SocketEvent) => void): void;
}

/** `closeTimeout`: a peer that has gone must not keep a process alive for the 30 s of the default. */
const WS_OPTIONS = { perMessageDeflate: false, closeTimeout: 2_000 };

/** @throws ConfigurationError if the platform cannot do what is asked for */
export function checkWebSocketOptions({ tls, headers }: WebSocketOptions): void {
  if (!isNode() && (tls !== undefined || headers !== undefined)) {
    throw new ConfigurationError('tls and headers are for Node: a browser has its own certificates and headers.');
  }
}

/**
 * Chooses the WebSocket: the browser's own, or that of `ws` in Node. Node's own (22 and later) takes no certificates,
 * tells no cause of a failure, and waits for ever for a peer that does not close.
 *
 * @returns a function that opens a socket at once, so that listeners can be attached before anything happens
 */
export async function loadWebSocket({ tls, headers = {} }: WebSocketOptions): Promise<(url: string) => Socket> {
  if (!isNode()) {
    const { WebSocket: Native } = globalThis as unknown as { WebSocket: new (url: string) => Socket };
    return (url) => new Native(url);
  }
  const { WebSocket } = await import('ws');
  return (url) => new WebSocket(url, { ...WS_OPTIONS, ...tls, headers }) as Socket;
}

function isNode(): boolean {
  return (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined;
}
