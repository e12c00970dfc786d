import { isIP } from 'node:net';
import { Secret } from '../../model/secret.js';
import { certificatesProblem, countProblem, millisecondsProblem, requiredText } from '../option-problems.js';

/** Which PostgreSQL, and how it is connected to. No environment variable and no file says anything about the connection. */
export interface PostgresqlServerOptions {
  /** The host, or the folder of the server's Unix socket: `/run/postgresql`. */
  host: string;
  /** @defaultValue 5432 */
  port?: number;
  /** The name of the database. */
  database: string;
  /** The account. */
  user: string;
  /** The password of that account. @defaultValue none: the server trusts it, or knows it by its socket */
  password?: Secret | string;
  /**
   * `verified`: TLS, to a server whose certificate is for `host` and signed by a CA that is trusted. `unverified`: TLS to
   * whoever answers. `off`: everything goes in clear.
   *
   * @defaultValue `'verified'`; `'off'` for a server on this machine
   */
  tls?: 'verified' | 'unverified' | 'off';
  /** The certificates, in PEM, of the CAs that sign the server's. @defaultValue the CAs that Node trusts */
  ca?: string | readonly string[];
  /** Milliseconds for a connection to be ready. @defaultValue 1500 */
  connectTimeout?: number;
  /** How many connections there are at most. @defaultValue 10 */
  maxConnections?: number;
  /** How many calls may wait for one, before an init is refused as `overloaded`. @defaultValue 200 */
  maxQueued?: number;
}

/** The names of {@link PostgresqlServerOptions}. */
export const SERVER_OPTIONS: readonly string[] =
  'host port database user password tls ca connectTimeout maxConnections maxQueued'.split(' ');

/** {@link PostgresqlServerOptions} with their defaults. */
export interface PostgresqlServer extends Required<Omit<PostgresqlServerOptions, 'password' | 'ca'>> {
  readonly ca?: PostgresqlServerOptions['ca'];
  readonly password: Secret | undefined;
}

export function withServerDefaults(options: PostgresqlServerOptions): PostgresqlServer {
  const { host, database, user, password, ca } = options;
  return {
    host,
    database,
    user,
    ...(ca !== undefined && { ca }),
    port: options.port ?? 5432,
    password: typeof password === 'string' ? new Secret(password) : password,
    tls: options.tls ?? (isLocal(options.host) ? 'off' : 'verified'),
    connectTimeout: options.connectTimeout ?? 1_500,
    maxConnections: options.maxConnections ?? 10,
    maxQueued: options.maxQueued ?? 200,
  };
}

/** @returns a sentence for each option that cannot work, among empty ones */
export function serverProblems(options: PostgresqlServerOptions): string[] {
  const { host, ca } = options;
  const { tls, port, ...numbers } = withServerDefaults(options);
  return [
    requiredText('host', host),
    typeof host === 'string' && !isHost(host)
      ? 'host must be a host name, an IP address, or the folder of a Unix socket: no URL, and no port.'
      : '',
    requiredText('database', options.database),
    requiredText('user', options.user),
    Number.isSafeInteger(port) && port > 0 && port < 65_536 ? '' : 'port must be from 1 to 65535.',
    ['verified', 'unverified', 'off'].includes(tls) ? '' : 'tls must be verified, unverified or off.',
    tls !== 'off' && isSocket(host) ? 'tls must be off for a Unix socket.' : '',
    ca === undefined || tls === 'verified' ? '' : 'ca is of use with tls verified alone.',
    ca === undefined ? '' : certificatesProblem('ca', ca),
    millisecondsProblem('connectTimeout', numbers.connectTimeout),
    countProblem('maxConnections', numbers.maxConnections, 1),
    countProblem('maxQueued', numbers.maxQueued, 0),
  ];
}

/** Whether what is said to it stays on this machine. */
function isLocal(host: unknown): boolean {
  return (
    isSocket(host) ||
    host === 'localhost' ||
    host === '::1' ||
    (isIP(String(host)) === 4 && /^127\./.test(String(host)))
  );
}

/** What holds more, such as the password of a URL, must not come as far as an error that names it. */
function isHost(host: string): boolean {
  return host === '' || isSocket(host) || isIP(host) !== 0 || /^[\w.-]+$/.test(host);
}

function isSocket(host: unknown): boolean {
  return typeof host === 'string' && host.startsWith('/');
}
