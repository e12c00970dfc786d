import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ClientOptions, type RawData, WebSocket } from 'ws';

/** What a server sent, as a test looks at it. */
export type Frame = Record<string, unknown> & { data?: Record<string, unknown> };

/** A WebSocket client that notes what comes. */
export class WebSocketClient {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #taken = 0;
  #arrived = () => {};

  private constructor(url: string, options: ClientOptions) {
    this.socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.socket.on('message', (data) => {
      this.frames.push(JSON.parse(String(data as RawData)));
      this.#arrived();
    });
    // What matters of an error is how the connection closes.
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.#arrived();
      });
    });
  }

  static async open(url: string, options: ClientOptions = {}): Promise<WebSocketClient> {
    const client = new WebSocketClient(url, options);
    await once(client.socket, 'open');
    return client;
  }

  /** Sends values as JSON, in one go. Strings and bytes are sent as they are. */
  send(...values: unknown[]): this {
    for (const it of values) {
      this.socket.send(typeof it === 'string' || it instanceof Uint8Array ? it : JSON.stringify(it));
    }
    return this;
  }

  /** The next frame that was not taken yet. @throws if the connection is closed before it comes */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.frames[this.#taken];
      if (frame !== undefined) {
        this.#taken++;
        return frame;
      }
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('The connection is closed, and no frame came.');
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  async take(count: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    while (frames.length < count) frames.push(await this.next());
    return frames;
  }

  /** Sends one value and waits for one frame. */
  ask(value: unknown): Promise<Frame> {
    return this.send(value).next();
  }

  /** Waits until the server has read what was sent: its pong is behind that. */
  async read(): Promise<void> {
    const pong = once(this.socket, 'pong');
    this.socket.ping();
    await pong;
  }

  close(code = 1000): Promise<{ code: number; reason: string }> {
    this.socket.close(code);
    return this.closed;
  }
}

/** How a handshake was refused. */
export interface RefusedHandshake {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Opens a WebSocket that is expected to be refused. */
export function refusedHandshake(url: string, options: ClientOptions = {}): Promise<RefusedHandshake> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options);
    socket.on('error', reject);
    socket.on('open', () => {
      socket.terminate();
      reject(new Error('The handshake was not refused.'));
    });
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
  });
}

/** A bare TCP connection to the host of `url`, for what no well-behaved client does. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  received = Buffer.alloc(0);

  private constructor(url: string) {
    this.socket = connect(Number(new URL(url).port), new URL(url).hostname);
    this.socket.on('data', (data) => {
      this.received = Buffer.concat([this.received, data]);
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  static async open(url: string): Promise<RawClient> {
    const client = new RawClient(url);
    await once(client.socket, 'connect');
    return client;
  }

  /** A connection whose handshake is over. */
  static async upgraded(url: string): Promise<RawClient> {
    const client = await RawClient.open(url);
    client.socket.write(
      [
        'GET / HTTP/1.1',
        `Host: ${new URL(url).host}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        '\r\n',
      ].join('\r\n'),
    );
    while (!client.received.includes('\r\n\r\n')) await once(client.socket, 'data');
    client.received = client.received.subarray(client.received.indexOf('\r\n\r\n') + 4);
    return client;
  }
}
