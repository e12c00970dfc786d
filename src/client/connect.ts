import { nanoid } from 'nanoid';
import type { InspectionEvent } from 'xstate';
import { DEFAULT_CLIENT_DEADLINE } from '../machines/client.js';
import { type RunningClientInit, runClientInit } from '../machines/client-run.js';
import { type Clock, systemClock } from '../model/clock.js';
import { ConfigurationError, DefectError, SessionInitError } from '../model/errors.js';
import type { SessionInitMessage } from '../model/session-init-message.js';
import type { SessionInitResponse } from '../model/session-init-response.js';
import { AskedConnection } from './asked-connection.js';
import { Connection, type ConnectionClosed } from './connection.js';
import type { SessionEnded } from './frames.js';
import { checkServerUrl } from './server-url.js';
import { type ClientTlsOptions, checkWebSocketOptions } from './web-socket.js';

/** Options of {@link connect}. */
export interface ConnectOptions {
  /**
   * How long an init waits for its answer, and a connection for being opened, in milliseconds.
   *
   * @defaultValue 10_000
   */
  deadline?: number;
  /** Sends secrets in clear (`ws:`) to other hosts than this one, too. @defaultValue false */
  allowPlaintext?: boolean;
  /** How the server's certificate is checked. In Node only. @defaultValue as the platform does */
  tls?: ClientTlsOptions;
  /** Headers of the handshake. In Node only: a browser sends its own. */
  headers?: Readonly<Record<string, string>>;
  /**
   * Gets what stands behind a failure, for the developer's log: a refused connection, a bad certificate, a frame that
   * cannot be read, a listener that threw. With `referenceId` where it is the cause of that failed response.
   */
  onError?: (error: SessionInitError, referenceId?: string) => void;
  /** Gets XState's inspection events of every init. */
  inspect?: (event: InspectionEvent) => void;
  /** @defaultValue {@link systemClock} */
  clock?: Clock;
}

/** What one {@link SessionClient.init} is told beside the message. */
export interface ClientInitOptions {
  /** Milliseconds, connecting included. @defaultValue that of {@link ConnectOptions} */
  deadline?: number | undefined;
  /** Aborting it ends the init, with `OTHER` and code `cancelled`. */
  signal?: AbortSignal | undefined;
}

/** A user name and the secret that proves it, or the same as a {@link SessionInitMessage}. */
export type ClientInitMessage = SessionInitMessage | { readonly username: string; readonly user_secret: string };

/** A client of one server. It has at most one connection that is in use. */
export interface SessionClient {
  /**
   * Asks for a session. A server's failure comes as it was sent. What the client finds itself is a failure, too:
   * `REQUEST_TIMED_OUT` if there is no connection or no answer in time, `SESSION_DETAILS_MISSING` for a success without
   * a usable session, `OTHER` with code `malformed_response` for what is no response, with `cancelled` if it was aborted
   * or the client closed.
   *
   * If the connection is closed, a new one is opened: once for each init, and without any session that there was. A server
   * that shuts down (code 1001) has answered what it has taken: an init that it left unanswered is asked for again.
   * Several inits can be under way; the server answers them in order. A connection on which an init was given up, and
   * that serves no other init and no session, is closed, so that the server can take back what nobody holds.
   *
   * @returns exactly one response, no later than the deadline. It never rejects.
   */
  init(message: ClientInitMessage, options?: ClientInitOptions): Promise<SessionInitResponse>;
  /**
   * Sends a message of the service's own, in the session that the connection has: a JSON object without a
   * `user_secret`, for that is what tells it from a request for a session.
   *
   * @returns whether it was sent: not without an open connection and a session
   * @throws TypeError if `message` is no such object
   */
  send(message: object): boolean;
  /** Subscribes to the service's own messages: any JSON value. @returns a function that ends the subscription */
  onMessage(listener: (value: unknown) => void): () => void;
  /**
   * Subscribes to the ends of sessions that the server tells of. It then closes the connection with code 4001.
   *
   * @returns a function that ends the subscription
   */
  onSessionEnded(listener: (event: SessionEnded) => void): () => void;
  /** Whether the present connection could be opened, once that is known. It never rejects. */
  readonly opened: Promise<boolean>;
  /** The end of the present connection; after a new one was opened, read it again. It never rejects. */
  readonly closed: Promise<ConnectionClosed>;
  /** Ends what is under way and closes the connection, for good. The session goes on until the server ends it. */
  close(): void;
}

/**
 * Opens a connection to a server, in the background.
 *
 * @example
 * ```ts
 * import { connect, FullAuthSession } from 'session-init/client';
 *
 * const client = connect('wss://example.org/session');
 * const response = await client.init({ username: 'demo', user_secret: 'only-for-development' });
 * if (response.data instanceof FullAuthSession) console.log(`hello, ${response.data.user}`);
 * else console.log(response.message);
 * client.close();
 * ```
 *
 * @param url - `wss:`, or `ws:` to this host
 * @throws ConfigurationError if the URL or an option cannot work; never for what happens on the network
 */
export function connect(url: string | URL, options: ConnectOptions = {}): SessionClient {
  const { clock = systemClock, deadline = DEFAULT_CLIENT_DEADLINE, tls, headers } = options;
  const target = checkServerUrl(url, options.allowPlaintext ?? false);
  checkWebSocketOptions({ tls, headers });
  if (!isDeadline(deadline)) {
    throw new ConfigurationError(`deadline must be a number of milliseconds from 1 to ${LONGEST_DEADLINE}.`);
  }
  const messageListeners = new Set<(value: unknown) => void>();
  const endListeners = new Set<(event: SessionEnded) => void>();
  const running = new Set<RunningClientInit>();
  const inspect = options.inspect && ((event: InspectionEvent) => notify(options.inspect, event));
  let isClosed = false;
  let connection = dial();

  function dial(): Connection {
    return new Connection({
      url: target,
      tls,
      headers,
      clock,
      openTimeout: deadline,
      onMessage: (value) => notifyAll(messageListeners, value),
      onSessionEnded: (event) => notifyAll(endListeners, event),
      onError: report,
    });
  }

  function usable(): Connection {
    if (!connection.isUsable) connection = dial();
    return connection;
  }

  function report(cause: unknown, referenceId?: string): void {
    const error =
      cause instanceof SessionInitError ? cause : new DefectError('A listener, or the client, threw.', { cause });
    // Whoever listens for errors and throws has nobody left to be told.
    (async () => options.onError?.(error, referenceId))().catch(() => {});
  }

  /** Calls a listener at once. What it throws, now or as a promise, goes to `onError`. */
  function notify<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
    (async () => listener?.(event))().catch((cause) => report(cause));
  }

  function notifyAll<Event>(listeners: ReadonlySet<(event: Event) => void>, event: Event): void {
    for (const listener of [...listeners]) notify(listener, event);
  }

  async function init(message: ClientInitMessage, initOptions: ClientInitOptions = {}): Promise<SessionInitResponse> {
    const { signal } = initOptions;
    const isGone = isClosed || signal?.aborted === true;
    const asked = new AskedConnection(isGone ? () => connection : usable);
    const referenceId = nanoid();
    const input = {
      message,
      connection: asked,
      referenceId,
      deadline: isDeadline(initOptions.deadline) ? initOptions.deadline : deadline,
      now: clock.now,
    };
    const run = runClientInit(input, { clock, inspect });
    running.add(run);
    const abort = () => run.cancel();
    if (isGone) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const { response, cause } = await run.finished;
    signal?.removeEventListener('abort', abort);
    running.delete(run);
    asked.leave();
    if (cause !== undefined) report(cause, referenceId);
    return response;
  }

  return {
    init,
    send(message) {
      const text: string | undefined = JSON.stringify(message);
      // The server answers anything else as it answers a request, and answers are told apart by their order alone.
      if (!text?.startsWith('{') || Object.hasOwn(message, 'user_secret')) {
        throw new TypeError('send() takes a JSON object without a user_secret. For a session, there is init().');
      }
      return connection.send(text);
    },
    onMessage: (listener) => subscribe(messageListeners, listener),
    onSessionEnded: (listener) => subscribe(endListeners, listener),
    get opened() {
      return connection.opened;
    },
    get closed() {
      return connection.closed;
    },
    close() {
      isClosed = true;
      for (const run of [...running]) run.cancel();
      connection.close();
    },
  };
}

/** What a timer takes at most. */
const LONGEST_DEADLINE = 2 ** 31 - 1;

function isDeadline(value: unknown): value is number {
  return typeof value === 'number' && value >= 1 && value <= LONGEST_DEADLINE;
}

function subscribe<Event>(listeners: Set<(event: Event) => void>, listener: (event: Event) => void): () => void {
  const entry = (event: Event) => listener(event);
  listeners.add(entry);
  return () => listeners.delete(entry);
}
