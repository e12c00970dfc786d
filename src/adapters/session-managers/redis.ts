import { type Clock, systemClock } from '../../model/clock.js';
import { EitherSignal } from '../../model/either-signal.js';
import { ConfigurationError } from '../../model/errors.js';
import { newId } from '../../model/new-id.js';
import type { CallOptions, SessionManager } from '../ports.js';
import { RedisConnection, runScript } from '../redis-client/connection.js';
import type { RedisClient } from '../redis-client/open-client.js';
import {
  REDIS_SERVER_OPTIONS,
  type RedisServerOptions,
  readServer,
  redisServerProblems,
} from '../redis-client/server-options.js';
import { afterId, isSessionId, itemCount, requireUser } from '../session-arguments.js';
import { SessionLifetime, type SessionLifetimeOptions } from '../session-lifetime.js';
import { newSessionSecret } from '../session-secret.js';
import { sessionTime } from '../session-time.js';
import { Background } from './redis/background.js';
import { bucketSessions } from './redis/bucket-sessions.js';
import { dmodSessions } from './redis/dmod-sessions.js';
import { inCluster } from './redis/in-cluster.js';
import { Keys } from './redis/keys.js';
import { clusterScripts } from './redis/lua/cluster-scripts.js';
import { dmodScripts } from './redis/lua/dmod-scripts.js';
import { serverScripts } from './redis/lua/server-scripts.js';
import { onOneServer } from './redis/one-server.js';
import { tellOfOthers } from './redis/session-news.js';
import type { Surroundings } from './redis/surroundings.js';
import { storeTime } from './store-time.js';

export type { RedisSentinelOptions, RedisServerOptions } from '../redis-client/server-options.js';
export type { RedisPartOptions } from './redis/connection-of.js';
export { type RedisGuessStore, type RedisGuessStoreOptions, redisGuessStore } from './redis/guess-store.js';
export { type RedisUsedSteps, type RedisUsedStepsOptions, usedStepsInRedis } from './redis/used-steps.js';

/** Options of {@link redisSessionManager}. */
export interface RedisSessionManagerOptions extends RedisServerOptions, SessionLifetimeOptions {
  /**
   * What the names of all keys begin with. Managers that share sessions have the same one, and the same options of
   * lifetime.
   *
   * @defaultValue `'session-init'`
   */
  prefix?: string;
  /**
   * How sessions are kept. `session-init`: the secrets as hashes alone, and everything expires by itself. `dmod`: in the
   * keys of NOAA's DMOD, whose services can then read them, with its weaknesses: the secrets themselves are in the store,
   * and what has expired stays until somebody creates or sweeps. Not in a cluster.
   *
   * @defaultValue `'session-init'`
   */
  layout?: 'session-init' | 'dmod';
  /**
   * By whose time sessions live: that of Redis, so that all nodes agree, whatever their own clocks show, or that of
   * `clock`.
   *
   * @defaultValue `'store'`
   */
  timeFrom?: 'store' | 'clock';
  /** Where deadlines, and with `timeFrom: 'clock'` all time, come from. @defaultValue the machine's own clock */
  clock?: Clock;
}

/** A session manager that can be connected ahead of its first call. */
export interface RedisSessionManager extends SessionManager {
  /**
   * Connects now, rather than with the first call, so that a service learns at its start whether it can. Harmless if it is
   * connected; after a failure it can be called again.
   */
  open(): Promise<void>;
}

/** Keeps the sessions in Redis or Valkey, where any number of nodes share them. */
export function redisSessionManager(options: RedisSessionManagerOptions): RedisSessionManager {
  const lifetime = new SessionLifetime(options, [...REDIS_SERVER_OPTIONS, 'prefix', 'layout', 'timeFrom', 'clock']);
  const { prefix = 'session-init', layout = 'session-init', timeFrom = 'store', clock = systemClock } = options;
  const problems = [
    ...redisServerProblems(options),
    /^[^{}]+$/.test(prefix) ? '' : 'prefix must be a text without braces.',
    ['session-init', 'dmod'].includes(layout) ? '' : 'layout must be session-init or dmod.',
    layout === 'dmod' && options.cluster !== undefined
      ? 'layout must not be dmod in a cluster: DMOD keeps all secrets in one key, and sessions in many, so no script can touch both.'
      : '',
    ['store', 'clock'].includes(timeFrom) ? '' : 'timeFrom must be store or clock.',
  ].filter((problem) => problem !== '');
  if (problems.length > 0) throw new ConfigurationError(`redis cannot work: ${problems.join(' ')}`, { problems });

  const server = readServer(options);
  const isCluster = server.kind === 'cluster';
  const keys = new Keys(prefix);
  const same = { keys, lifetime, timeFrom, lease: 2 * server.timeout + 2_000 };
  const scripts = (layout === 'dmod' ? dmodScripts : isCluster ? clusterScripts : serverScripts)(same);
  const connection = new RedisConnection(server, { name: 'redis', clock, scripts });
  const background = new Background(clock);
  const time = timeFrom === 'store' ? storeTime(readTime, clock) : { ready: () => undefined, ...sessionTime(clock) };
  const around: Surroundings = {
    ...{ ...same, isCluster, node: newId(), timeout: server.timeout, now: time.now },
    inBackground: (work) => background.run(work),
  };
  const sessions =
    layout === 'dmod'
      ? dmodSessions(around, prefix)
      : bucketSessions(around, isCluster ? inCluster(around) : onOneServer(around));

  async function readTime(): Promise<number> {
    return Number(await runScript(await connection.opened(), 'sessionInitTime', [keys.clock], []));
  }

  /** `work` with the time known. */
  function timed<Result>(work: Work<Result>): Work<Result> {
    return (client, deadline) => {
      const reading = time.ready();
      return reading === undefined ? work(client, deadline) : reading.then(() => work(client, deadline));
    };
  }

  const write = <Result>(method: string, callOptions: CallOptions | undefined, work: Work<Result>) =>
    connection.call(method, callOptions, timed(work));

  const read = <Result>(method: string, callOptions: CallOptions | undefined, work: Work<Result>) =>
    connection.read(method, callOptions, timed(work));

  const probe = (callOptions?: CallOptions) => connection.read('probe', callOptions, pingAll);

  return {
    name: 'redis',
    open: () => probe(),

    async create(request, callOptions) {
      requireUser(request.user);
      return write('create', callOptions, (client, deadline) =>
        sessions.create(client, request, newSessionSecret(), new EitherSignal(callOptions, deadline)),
      );
    },

    findBySecret: (secret, callOptions) =>
      read('findBySecret', callOptions, (client) => sessions.findBySecret(client, secret)),

    findById: (id, callOptions) =>
      read('findById', callOptions, async (client) => (isSessionId(id) ? sessions.findById(client, id) : undefined)),

    listByUser: (user, page, callOptions) =>
      read('listByUser', callOptions, async (client) => {
        const [after, limit] = [afterId(page?.after), itemCount(page?.limit ?? 1_000)];
        if (user === undefined) return sessions.listOfAll(client, after, limit);
        // A name that is not well-formed would be looked up as another one.
        return user.isWellFormed() ? sessions.listOfUser(client, user, after, limit) : [];
      }),

    refresh: (id, callOptions) =>
      write('refresh', callOptions, async (client) => (isSessionId(id) ? sessions.refresh(client, id) : undefined)),

    remove: (id, callOptions) =>
      write('remove', callOptions, async (client) => isSessionId(id) && sessions.remove(client, id)),

    removeExpired: (limit, callOptions) =>
      write('removeExpired', callOptions, (client) => sessions.removeExpired(client, itemCount(limit))),

    watch: (listener) =>
      connection.listen(
        keys.channel,
        (message) => tellOfOthers(message, around.node, listener),
        () => listener.missed(),
      ),

    probe,
    close: () => connection.close(background.close()),
  };
}

type Work<Result> = (client: RedisClient, deadline: CallOptions) => Promise<Result>;

/** Of a cluster, every master: with one of them some of the sessions are gone. */
async function pingAll(client: RedisClient): Promise<void> {
  await client.ping();
  if ('nodes' in client) await Promise.all(client.nodes('master').map((node) => node.ping()));
}
