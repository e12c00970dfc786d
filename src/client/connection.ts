import type { ClientConnection } from '../machines/client.js';
import type { Answer } from '../machines/client-answer.js';
import type { Clock } from '../model/clock.js';
import { BackendFaultError } from '../model/errors.js';
import { Conversation, type ConversationListeners } from './conversation.js';
import { readFrame } from './frames.js';
import { loadWebSocket, type Socket, type SocketEvent, type WebSocketOptions } from './web-socket.js';

/** How a connection ended: the WebSocket close code (RFC 6455) and the reason that the closing side gave. */
export interface ConnectionClosed {
  code: number;
  reason: string;
}

/** Options of a {@link Connection}. */
export interface ConnectionOptions extends WebSocketOptions, ConversationListeners {
  url: URL;
  clock: Clock;
  /** How long opening may take, in milliseconds. */
  openTimeout: number;
}

/** A connection that was lost, or never was. No peer can send this code (RFC 6455, section 7.4.1). */
const ABNORMAL: ConnectionClosed = { code: 1006, reason: '' };

/**
 * One WebSocket, from dialling to its end.
 *
 * An init that is given up may still get a session, which then nobody holds. So the connection is closed as soon as its
 * conversation is forsaken: the server learns that its client has gone, and can take the session back. What is asked
 * next is asked on a new connection.
 */
export class Connection implements ClientConnection {
  readonly opened: Promise<boolean>;
  readonly closed: Promise<ConnectionClosed>;
  readonly #options: ConnectionOptions;
  readonly #conversation: Conversation;
  readonly #openTimer: unknown;
  #state: 'connecting' | 'open' | 'closing' | 'closed' = 'connecting';
  #socket: Socket | undefined;
  /** What the platform says of a failure, if it says anything. */
  #cause: unknown;
  #failure: BackendFaultError | undefined;
  #settleOpened: (isOpen: boolean) => void = () => {};
  #settleClosed: (closed: ConnectionClosed) => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#conversation = new Conversation(options.url.origin, options);
    this.opened = new Promise((resolve) => {
      this.#settleOpened = resolve;
    });
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.#openTimer = options.clock.setTimeout(() => {
      this.#cause = new Error(`It was not open after ${options.openTimeout} ms.`);
      this.#end(ABNORMAL);
    }, options.openTimeout);
    this.#dial();
  }

  /** Whether an init can be asked for on it, now or once it is open. */
  get isUsable(): boolean {
    if (this.#conversation.isEnding || (this.#socket !== undefined && this.#socket.readyState > 1)) return false;
    return this.#state === 'connecting' || this.#state === 'open';
  }

  /** An init begins that uses this connection. */
  join(): void {
    this.#conversation.join();
  }

  /** That init has ended. */
  leave(): void {
    this.#conversation.leave();
    this.#closeIfForsaken();
  }

  /** @throws BackendFaultError if it cannot be opened */
  async whenOpen(): Promise<void> {
    if (!(await this.opened)) throw this.#failure;
  }

  /** @throws BackendFaultError if it is closed before the answer comes */
  async exchange(request: string): Promise<Answer> {
    if (this.#state !== 'open') throw this.#failure ?? this.#lost(ABNORMAL);
    this.#socket?.send(request);
    return this.#conversation.expectAnswer();
  }

  disown(answer: Answer): void {
    this.#conversation.disown(answer);
    this.#closeIfForsaken();
  }

  /** Sends a message of the service's own. @returns whether it was sent: only where the caller holds a session */
  send(text: string): boolean {
    if (this.#socket?.readyState !== 1 || !this.#conversation.hasSession) return false;
    this.#socket.send(text);
    return true;
  }

  close(code = 1000, reason = ''): void {
    if (this.#state === 'open') {
      this.#state = 'closing';
      this.#socket?.close(code, reason);
    } else if (this.#state === 'connecting') {
      this.#state = 'closing';
      this.#end(ABNORMAL);
    }
  }

  async #dial(): Promise<void> {
    try {
      const openSocket = await loadWebSocket(this.#options);
      if (this.#state === 'connecting') this.#listen(openSocket(this.#options.url.href));
    } catch (cause) {
      this.#cause = cause;
      this.#end(ABNORMAL);
    }
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      this.#state = 'open';
      this.#options.clock.clearTimeout(this.#openTimer);
      this.#settleOpened(true);
    });
    socket.addEventListener('message', ({ data }: SocketEvent) => {
      if (this.#state === 'open') this.#conversation.receive(readFrame(data));
    });
    socket.addEventListener('error', ({ error, message }: SocketEvent) => {
      this.#cause ??= error ?? message;
    });
    socket.addEventListener('close', ({ code = ABNORMAL.code, reason = '' }: SocketEvent) =>
      this.#end({ code, reason }),
    );
  }

  #closeIfForsaken(): void {
    if (this.#conversation.isForsaken) this.close();
  }

  #end(closed: ConnectionClosed): void {
    if (this.#state === 'closed') return;
    const { isAwaited } = this.#conversation;
    const isExpected = this.#state === 'closing' || closed.code !== ABNORMAL.code;
    this.#failure = this.#state === 'connecting' ? this.#unreachable() : this.#lost(closed);
    this.#state = 'closed';
    this.#options.clock.clearTimeout(this.#openTimer);
    this.#socket?.close();
    this.#conversation.end(this.#failure);
    this.#settleOpened(false);
    this.#settleClosed(closed);
    // Those inits that wait report it themselves.
    if (!isAwaited && !isExpected) this.#options.onError(this.#failure);
  }

  #unreachable(): BackendFaultError {
    return new BackendFaultError(
      `No connection to ${this.#options.url.origin}. See that the server runs, and that address and certificate are right.`,
      { cause: this.#cause },
    );
  }

  #lost({ code }: ConnectionClosed): BackendFaultError {
    return new BackendFaultError(`The connection to ${this.#options.url.origin} was closed (code ${code}).`, {
      cause: this.#cause,
    });
  }
}
