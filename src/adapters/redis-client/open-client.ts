import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import type { Ioredis } from './load-ioredis.js';
import { reconnectPause } from './reconnect-pause.js';
import type { RedisAddress, RedisServer } from './server-options.js';

/** What commands are given to: one server, or a cluster. */
export type RedisClient = Redis | Cluster;

/** The scripts that a client knows as commands of their names. */
export type RedisScripts = Readonly<Record<string, { readonly lua: string; readonly numberOfKeys: number }>>;

/** Replies have the shapes that RESP2 gives them, whatever is spoken. */
type ServerOptions = Omit<RedisOptions, 'replyMapping'>;

/** A client that connects when it gets its first command, and again whenever it is cut off. */
export function openClient({ Redis, Cluster }: Ioredis, server: RedisServer, scripts: RedisScripts): RedisClient {
  if (server.kind !== 'cluster') {
    return new Redis({ ...singleOptions(server), scripts: { ...scripts }, retryStrategy: reconnectPause });
  }
  const options = {
    scripts: { ...scripts },
    lazyConnect: true,
    clusterRetryStrategy: reconnectPause,
    slotsRefreshTimeout: server.timeout,
    slotsRefreshInterval: 2_000,
    redisOptions: commonOptions(server),
  } satisfies ClusterOptions;
  const cluster = new Cluster(
    server.addresses.map(({ host, port }) => ({ host, port })),
    options,
  );
  cluster.on('+node', mindAsking);
  return cluster;
}

/**
 * Where a slot moves, the package sends ASKING ahead of a command, and leaves its promise to itself: if the connection is
 * lost then, nobody hears of it, which ends a process. The command itself fails, too, and is minded.
 */
function mindAsking(node: Redis): void {
  const asking = node.asking.bind(node);
  node.asking = (...args) => {
    const asked = asking(...args);
    asked.catch(() => {});
    return asked;
  };
}

/** A connection of its own to the server, or to `node` of a cluster, that does not come back when it ends. */
export function openListener({ Redis }: Ioredis, server: RedisServer, node?: { host: string; port: number }): Redis {
  const options = node === undefined ? singleOptions(server) : { ...commonOptions(server), ...node };
  return new Redis({ ...options, retryStrategy: null });
}

/** Ends a client for good. With Sentinel, one that is about to connect has connections to them when it has. */
export function disconnect(client: RedisClient): void {
  client.disconnect();
  client.once('connect', () => client.disconnect());
}

function singleOptions(server: RedisServer): ServerOptions {
  const options = commonOptions(server);
  if (server.kind === 'single') {
    const [{ host, port, database }] = server.addresses as [RedisAddress];
    return { ...options, host, port, db: database };
  }
  const [{ username, password, isEncrypted }] = server.addresses as [RedisAddress];
  return {
    ...options,
    name: server.sentinelName,
    sentinels: server.addresses.map(({ host, port }) => ({ host, port })),
    sentinelUsername: username,
    sentinelPassword: password?.reveal(),
    // The package would wait even after it is told to disconnect: a client that was told nothing ends.
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: server.timeout,
    // A master that is relieved goes on taking changes, which are lost, until Sentinel lets it know seconds later.
    failoverDetector: true,
    sentinelReconnectStrategy: reconnectPause,
    enableTLSForSentinelMode: isEncrypted,
    ...(options.tls && { sentinelTLS: options.tls }),
  };
}

function commonOptions(server: RedisServer): ServerOptions {
  const { username, password, ca, servername, timeout, addresses } = server;
  const tls = addresses[0]?.isEncrypted && { ...(ca && { ca: [...ca] }), ...(servername && { servername }) };
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: password.reveal() }),
    ...(tls && { tls }),
    connectionName: 'session-init',
    lazyConnect: true,
    connectTimeout: timeout,
    socketTimeout: timeout,
    disconnectTimeout: 100,
    // What was on its way when the connection was lost is not sent again behind the caller's back.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // The server is no longer the master that it was.
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  };
}
