import { isIPv6 } from 'node:net';
import type { Secret } from '../../../model/secret.js';
import { ServerSockets } from './server-sockets.js';

/** A RADIUS server of {@link radiusAuthenticator}. */
export interface RadiusServerOptions {
  /** Its name or address. */
  host: string;
  /** The port for authentication. @defaultValue 1812 */
  port?: number;
  /** The secret that it shares with this client. Whoever records a packet can guess at it: make it long and random. */
  secret: Secret | string;
}

/** A server, and what is open to it. */
export class RadiusServer {
  readonly host: string;
  readonly port: number;
  readonly secret: Uint8Array;
  /** As messages name it. */
  readonly address: string;
  readonly sockets: ServerSockets;
  /** The monotonic time of its last genuine answer. */
  answeredAt = Number.NEGATIVE_INFINITY;
  /** The monotonic time since when it is asked over the sockets that it has. */
  renewedAt = Number.NEGATIVE_INFINITY;

  constructor({ host, port = 1_812, secret }: RadiusServerOptions) {
    this.host = host;
    this.port = port;
    this.secret = Buffer.from(typeof secret === 'string' ? secret : secret.reveal());
    this.address = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    this.sockets = new ServerSockets(host, port);
  }
}
