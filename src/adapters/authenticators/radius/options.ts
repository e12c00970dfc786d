import type { Clock } from '../../../model/clock.js';
import type { RadiusServerOptions } from './server.js';

/** Options of {@link radiusAuthenticator}. */
export interface RadiusAuthenticatorOptions {
  /** The servers, the best first. One that fails is put last for a while. */
  servers: readonly RadiusServerOptions[];
  /** What the authenticator is called, in messages and in the paths of compositions. @defaultValue `'radius'` */
  name?: string;
  /** As what the servers know this client, sent as NAS-Identifier: up to 253 bytes. @defaultValue `'session-init'` */
  nasIdentifier?: string;
  /** The IPv4 address of this client, sent as NAS-IP-Address. @defaultValue none is sent */
  nasIpAddress?: string;
  /**
   * The attribute of an Access-Accept whose values are the user's groups. Values that are no text are left out.
   *
   * @defaultValue there are no groups
   */
  groups?: 'Class' | 'Filter-Id';

  /** Milliseconds that one authentication may take in all. @defaultValue 4000 */
  timeout?: number;
  /**
   * Milliseconds that a server has to answer in, if there is another one to ask. Servers delay a no on purpose, often by a
   * second: with less than that, every wrong secret is taken to the next server, and counts there again.
   *
   * @defaultValue 2000
   */
  serverTimeout?: number;
  /** Milliseconds after which a request is sent again, about; each further pause is twice as long. @defaultValue 1000 */
  retransmitAfter?: number;
  /** Milliseconds for which a server that failed is put last. @defaultValue 30000 */
  retryAfter?: number;
  /**
   * How many authentications can be under way, before an init is refused as `overloaded`. Each 256 take a socket.
   *
   * @defaultValue 1024
   */
  maxInFlight?: number;
  /** @defaultValue the system's clock */
  clock?: Clock;
}
