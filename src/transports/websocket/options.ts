import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { TlsOptions } from 'node:tls';
import type { InspectionEvent } from 'xstate';
import type { ConnectionLimits } from '../../machines/connection.js';
import { type Clock, systemClock } from '../../model/clock.js';
import type { WireProfile } from '../../model/date-time.js';
import { ConfigurationError } from '../../model/errors.js';
import type { JsonObject } from '../../model/json.js';
import { isLoopback, TrustedProxies } from './client-address.js';
import type { Conversation } from './conversation.js';
import { guardedTell, type Tell, type WebSocketTransportEvent } from './events.js';
import { Origins } from './origins.js';

/** Options of `webSocketTransport` that do not depend on whose server it is. */
export interface CommonWebSocketTransportOptions {
  /** The path of the endpoint. The query of a URL is ignored, and shown nowhere. @defaultValue `'/'` */
  path?: string;
  /**
   * Gets the embedding service's own messages: every JSON object without a `user_secret` that comes on a connection
   * which is bound to a session. One at a time, in order with the requests for a session. If it throws, or rejects, that
   * is told by `onEvent`, the client gets `{"event":"error","code":"handler_failed",…}`, and the connection stays open.
   */
  onMessage?: (message: JsonObject, conversation: Conversation) => unknown;
  /** Gets what happens on the transport, for logs and metrics. */
  onEvent?: (event: WebSocketTransportEvent) => void;
  /** Gets XState's inspection events of every connection. */
  inspect?: (event: InspectionEvent) => void;
  /** How times are written. @defaultValue `'rfc3339'` */
  profile?: WireProfile;
  /**
   * The origins of web pages that may connect, such as `https://app.example.org`; `'*'` among them lets every page.
   * Who sends no Origin is no browser, and may connect.
   *
   * By default a page may connect to the host that it came from. On this machine that host has to be `localhost`,
   * `127.0.0.1` or `[::1]`, since any other name may have been made to lead here by the page (DNS rebinding). Behind a
   * proxy on this machine, list the origins, or tell of the proxy in `trustedProxies`.
   *
   * @defaultValue the host that the client connects to
   */
  origins?: readonly string[];
  /** Proxies whose X-Forwarded-For is believed: addresses, or ranges such as `10.0.0.0/8`. @defaultValue none */
  trustedProxies?: readonly string[];
  /**
   * Serves without TLS where others than this machine can reach it. Only behind something that ends TLS.
   *
   * @defaultValue false
   */
  allowPlaintext?: boolean;
  /** The longest message, in bytes; a longer one closes the connection with 1009. @defaultValue 65_536 */
  maxMessageBytes?: number;
  /**
   * Messages of one connection that wait for their turn. When there are more, or four times `maxMessageBytes`, nothing
   * is read from it until there are not. @defaultValue 64
   */
  maxQueuedMessages?: number;
  /** Bytes that wait for a client to read them; beyond it, the connection is closed with 1008. @defaultValue 1_048_576 */
  maxBufferedBytes?: number;
  /** Connections at the same time; one more is refused with 503. @defaultValue 10_000 */
  maxConnections?: number;
  /**
   * Connections from one address at the same time; one more is refused with 503. An IPv6 address counts by its first 64
   * bits. Behind a proxy that is not in `trustedProxies`, all clients have one address. @defaultValue 1_000
   */
  maxConnectionsPerAddress?: number;
  /** Milliseconds for the first message; without one, the connection is closed with 1008. @defaultValue 30_000 */
  greetingTimeout?: number;
  /** Milliseconds without a message until the connection is closed with 1000. @defaultValue 1_800_000 (30 minutes) */
  idleTimeout?: number;
  /**
   * Milliseconds without a message until the client is pinged. If no pong comes within 10 s, the connection is closed
   * with 1008. @defaultValue 30_000
   */
  pingInterval?: number;
  /** Milliseconds that `onMessage` may take; beyond it, the connection is closed with 1011. @defaultValue 30_000 */
  handlerTimeout?: number;
  /**
   * Milliseconds between two look-ups of a session that a connection is bound to, and between two marks of its use by
   * own messages. So long may a connection outlive a session that expires, or that another node ends. Keep it well below
   * the idle time-out of sessions.
   *
   * @defaultValue 10_000
   */
  sessionCheckInterval?: number;
  /** @defaultValue {@link systemClock} */
  clock?: Clock;
}

/** Options of `webSocketTransport` for a server of its own. */
export interface OwnServerOptions extends CommonWebSocketTransportOptions {
  server?: undefined;
  /** The IP address or name to listen on. @defaultValue `'127.0.0.1'` */
  host?: string;
  /** The TCP port; 0 takes a free one. */
  port: number;
  /** Serves `wss://` with this certificate (`cert`), its key (`key`), and whatever else Node's TLS takes. */
  tls?: TlsOptions | undefined;
  /**
   * Answers requests over plain HTTP, such as a health check: it returns whether it does. To all others the server says
   * that this is a WebSocket.
   */
  onRequest?: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
}

/** Options of `webSocketTransport` for a server that is there already: its TLS, time-outs and life are its owner's. */
export interface ExistingServerOptions extends CommonWebSocketTransportOptions {
  /** Upgrades on `path` are taken; everything else is left alone. */
  server: HttpServer | HttpsServer;
  host?: undefined;
  port?: undefined;
  tls?: undefined;
  onRequest?: undefined;
}

/** Options of `webSocketTransport`: a server of its own, or one that is there already. */
export type WebSocketTransportOptions = OwnServerOptions | ExistingServerOptions;

/** The options, checked, with every default in place. */
export interface Settings {
  readonly path: string;
  readonly onMessage: CommonWebSocketTransportOptions['onMessage'];
  readonly inspect: ((event: InspectionEvent) => void) | undefined;
  readonly tell: Tell;
  readonly profile: WireProfile;
  readonly origins: Origins;
  readonly trustedProxies: TrustedProxies;
  readonly allowPlaintext: boolean;
  readonly maxMessageBytes: number;
  readonly maxBufferedBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly sessionCheckInterval: number;
  readonly limits: Readonly<ConnectionLimits>;
  readonly clock: Clock;
}

const DEFAULTS = {
  maxMessageBytes: 65_536,
  maxQueuedMessages: 64,
  maxBufferedBytes: 1_048_576,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 1_000,
  greetingTimeout: 30_000,
  idleTimeout: 1_800_000,
  pingInterval: 30_000,
  handlerTimeout: 30_000,
  sessionCheckInterval: 10_000,
};

const PONG_TIMEOUT = 10_000;
const CLOSE_TIMEOUT = 5_000;
const MAX_MALFORMED = 10;
/** The longest delay that a timer takes. */
const LARGEST = 2 ** 31 - 1;

/** @throws ConfigurationError with every problem of the options */
export function resolveOptions(options: WebSocketTransportOptions): Settings {
  const { path = '/', origins, profile = 'rfc3339', allowPlaintext = false, clock = systemClock } = options;
  const problems: string[] = [];
  const numbers = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    const value = options[name] ?? DEFAULTS[name];
    if (Number.isInteger(value) && value >= 1 && value <= LARGEST) numbers[name] = value;
    else problems.push(`${name} must be a whole number from 1 to ${LARGEST}, and is ${value}.`);
  }
  if (!path.startsWith('/') || /[?#\s]/.test(path)) {
    problems.push(`path must begin with a slash and have no query, and is ${JSON.stringify(path)}.`);
  }
  if (profile !== 'rfc3339' && profile !== 'dmod') problems.push(`profile must be 'rfc3339' or 'dmod'.`);
  const trustedProxies = new TrustedProxies();
  problems.push(...trustedProxies.add(options.trustedProxies ?? []), ...Origins.problemsOf(origins ?? []));
  if (options.server === undefined) problems.push(...listeningProblems(options));
  if (problems.length > 0) throw new ConfigurationError(problems.join(' '), { problems });

  const tell = guardedTell(options.onEvent);
  const { maxQueuedMessages, greetingTimeout, idleTimeout, pingInterval, handlerTimeout, ...rest } = numbers;
  return {
    ...rest,
    path,
    profile,
    clock,
    allowPlaintext,
    trustedProxies,
    origins: new Origins(origins),
    onMessage: options.onMessage,
    tell,
    inspect: options.inspect && guardedInspect(options.inspect, tell),
    limits: {
      ...{ maxQueuedMessages, greetingTimeout, idleTimeout, pingInterval, handlerTimeout },
      maxQueuedBytes: 4 * numbers.maxMessageBytes,
      pongTimeout: PONG_TIMEOUT,
      closeTimeout: CLOSE_TIMEOUT,
      maxMalformed: MAX_MALFORMED,
    },
  };
}

/** What an inspector throws must not end the connection that it inspects. */
function guardedInspect(inspect: (event: InspectionEvent) => void, tell: Tell): (event: InspectionEvent) => void {
  return (event) => {
    try {
      inspect(event);
    } catch (cause) {
      tell({ type: 'fault.reported', source: 'inspect', cause });
    }
  };
}

function listeningProblems({ host = '127.0.0.1', port, tls, allowPlaintext }: OwnServerOptions): string[] {
  const problems: string[] = [];
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    problems.push(`port must be a whole number from 0 to 65535, and is ${port}.`);
  }
  if (tls === undefined && allowPlaintext !== true && !isLoopback(host)) {
    problems.push(
      `host ${JSON.stringify(host)} can be reached from elsewhere, so secrets need TLS: give tls, or set ` +
        'allowPlaintext if something in front of it ends TLS.',
    );
  }
  return problems;
}
