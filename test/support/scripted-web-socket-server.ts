import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { WebSocketServer, type WebSocket as WsWebSocket } from 'ws';

/** Things that come one after the other, each taken by whoever asks next. */
class Inbox<Item> {
  readonly #items: Item[] = [];
  readonly #takers: ((item: Item) => void)[] = [];

  put(item: Item): void {
    const taker = this.#takers.shift();
    if (taker === undefined) this.#items.push(item);
    else taker(item);
  }

  take(): Promise<Item> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift() as Item);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** How many have come that nobody has taken. */
  get size(): number {
    return this.#items.length;
  }
}

/** The server's end of one connection, which does only what the test tells it to. */
export class ServerEnd {
  readonly frames = new Inbox<unknown>();
  readonly closed: Promise<{ code: number }>;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Over TLS, and if the server has asked for one. */
  readonly peerCertificate: PeerCertificate | undefined;

  constructor(
    readonly socket: WsWebSocket,
    request: IncomingMessage,
  ) {
    this.headers = request.headers;
    this.peerCertificate = (request.socket as Partial<TLSSocket>).getPeerCertificate?.();
    socket.on('message', (data) => this.frames.put(JSON.parse(String(data))));
    socket.on('error', () => {});
    this.closed = once(socket, 'close').then(([code]) => ({ code }));
  }

  /** Sends a value as JSON, a string or bytes as they are. */
  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  /** Sends several frames in one packet. */
  sendAtOnce(...frames: unknown[]): void {
    this.stream.cork();
    for (const frame of frames) this.send(frame);
    this.stream.uncork();
  }

  /** The TCP or TLS socket beneath, for what no WebSocket does. */
  get stream(): Socket {
    return (this.socket as unknown as { _socket: Socket })._socket;
  }
}

/** A bare `ws` server on a port of its own. */
export class ScriptedServer {
  readonly connections = new Inbox<ServerEnd>();
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #isSecure: boolean;

  private constructor(http: Server, isSecure: boolean) {
    this.#http = http;
    this.#isSecure = isSecure;
    this.#sockets = new WebSocketServer({ server: http });
    this.#sockets.on('connection', (socket, request) => this.connections.put(new ServerEnd(socket, request)));
    this.#sockets.on('error', () => {});
  }

  static async start(tls?: ServerOptions): Promise<ScriptedServer> {
    const http = tls === undefined ? createServer() : createTlsServer(tls);
    const server = new ScriptedServer(http, tls !== undefined);
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#isSecure ? 'wss' : 'ws'}://127.0.0.1:${this.port}/`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }
}
