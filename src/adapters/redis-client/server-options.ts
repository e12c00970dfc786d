import { Secret } from '../../model/secret.js';
import { certificatesProblem, millisecondsProblem } from '../option-problems.js';

/** Which Redis (7 or later) or Valkey, and how it is connected to: exactly one of `url`, `cluster` and `sentinel`. */
export interface RedisServerOptions {
  /** One server: `redis://host:6379/0`, or `rediss://` for TLS. It may hold the account and its password. */
  url?: string;
  /** A cluster: the URLs of some of its servers. The others are found through them. */
  cluster?: readonly string[];
  /** A server that Sentinel looks after. */
  sentinel?: RedisSentinelOptions;
  /** The account (ACL). @defaultValue the one of the URL, or none */
  username?: string;
  /** The password of that account. @defaultValue the one of the URL, or none */
  password?: Secret | string;
  /** The certificates, in PEM, of the CAs that sign the servers'. @defaultValue the CAs that Node trusts */
  ca?: string | readonly string[];
  /** The name that the servers' certificates are for. @defaultValue the host of the URL */
  servername?: string;
  /**
   * Milliseconds for one call, and for a connection to be ready. A connection on which nothing has come for so long, though
   * an answer is due, is given up.
   *
   * @defaultValue 4000
   */
  timeout?: number;
}

/** A server that Sentinel looks after. */
export interface RedisSentinelOptions {
  /** What Sentinel calls it. */
  name: string;
  /** The URLs of the Sentinels. An account and a password in them are those of the Sentinels, not of the server. */
  nodes: readonly string[];
}

/** The names of {@link RedisServerOptions}. */
export const REDIS_SERVER_OPTIONS: readonly string[] =
  'url cluster sentinel username password ca servername timeout'.split(' ');

/** What a URL says of a server. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly isEncrypted: boolean;
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  readonly database: number;
}

/** {@link RedisServerOptions}, read. */
export interface RedisServer {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  /** Of the server, of some of the cluster, or of the Sentinels. */
  readonly addresses: readonly RedisAddress[];
  readonly sentinelName: string | undefined;
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  readonly ca: readonly string[] | undefined;
  readonly servername: string | undefined;
  readonly timeout: number;
}

/** @returns the server, if `problems` of the same options are none */
export function readServer(options: RedisServerOptions): RedisServer {
  const { url, cluster, sentinel, ca, servername, timeout = 4_000 } = options;
  const kind = url !== undefined ? 'single' : cluster !== undefined ? 'cluster' : 'sentinel';
  const port = kind === 'sentinel' ? 26_379 : 6_379;
  const addresses = [url ?? cluster ?? sentinel?.nodes ?? []].flat().map((text) => readUrl(text, port));
  // In the URLs of Sentinels there are those of the Sentinels.
  const [first] = kind === 'sentinel' ? [] : addresses;
  return {
    kind,
    addresses: addresses.filter((address) => address !== undefined),
    sentinelName: sentinel?.name,
    username: options.username ?? first?.username,
    password: asSecret(options.password) ?? first?.password,
    ca: ca === undefined ? undefined : [ca].flat(),
    servername,
    timeout,
  };
}

/** @returns a sentence for each option that cannot work, among empty ones */
export function redisServerProblems(options: RedisServerOptions): string[] {
  const given = [options.url, options.cluster, options.sentinel].filter((way) => way !== undefined);
  if (given.length !== 1) return ['Exactly one of url, cluster and sentinel must be given.'];
  const urls = [options.url ?? options.cluster ?? options.sentinel?.nodes ?? []].flat();
  const what = options.url !== undefined ? 'url' : options.cluster !== undefined ? 'cluster' : 'sentinel.nodes';
  const addresses = urls.map((url) => readUrl(url, 1));
  const encrypted = addresses.map((address) => address?.isEncrypted);
  return [
    urls.length > 0 ? '' : `${what} must name a server.`,
    // The text may hold a password, so it is not repeated.
    addresses.includes(undefined)
      ? `${what} must be redis://host:port/database or rediss://host:port/database: account and password before the host, no query.`
      : '',
    new Set(encrypted).size > 1 ? `${what} must be all redis:// or all rediss://.` : '',
    options.url === undefined && addresses.some((address) => (address?.database ?? 0) > 0)
      ? `${what} must not name a database.`
      : '',
    options.sentinel === undefined || isText(options.sentinel.name) ? '' : 'sentinel.name must be given.',
    encrypted[0] !== true && (options.ca !== undefined || options.servername !== undefined)
      ? 'ca and servername are of use with rediss:// alone.'
      : '',
    options.ca === undefined ? '' : certificatesProblem('ca', options.ca),
    options.username === undefined || isText(options.username) ? '' : 'username must be a text that is not empty.',
    options.password === undefined || isText(asSecret(options.password)?.reveal())
      ? ''
      : 'password must be a Secret, or a text that is not empty.',
    options.timeout === undefined ? '' : millisecondsProblem('timeout', options.timeout),
  ];
}

function asSecret(password: Secret | string | undefined): Secret | undefined {
  return typeof password === 'string' ? new Secret(password) : password;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function readUrl(text: unknown, defaultPort: number): RedisAddress | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined;
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(text);
  const database = /^\/?(\d{0,5})$/.exec(pathname)?.[1];
  const credentials = [username, password].map(decoded);
  if (!['redis:', 'rediss:'].includes(protocol) || hostname === '' || search !== '' || hash !== '') return undefined;
  if (database === undefined || credentials.includes(undefined)) return undefined;
  return {
    host: decodeURIComponent(hostname).replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? defaultPort : Number(port),
    isEncrypted: protocol === 'rediss:',
    username: credentials[0] || undefined,
    password: credentials[1] ? new Secret(credentials[1]) : undefined,
    database: Number(database),
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
