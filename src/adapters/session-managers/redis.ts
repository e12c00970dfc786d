import { nanoid } from 'nanoid';
import { type Clock, systemClock } from '../../model/clock.js';
import { EitherSignal } from '../../model/either-signal.js';
import { ConfigurationError } from '../../model/errors.js';
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
import { inCluster } from './redis/in-cluster.js';
import { hashedSecret, Keys, placeOf } from './redis/keys.js';
import { CLUSTER_SCRIPTS, SERVER_SCRIPTS } from './redis/lua.js';
import { onOneServer } from './redis/one-server.js';
import { findByHash, findByPlace, listOfAll, listOfUser, removeExpired } from './redis/reading.js';
import type { Surroundings } from './redis/surroundings.js';
import { storeTime } from './store-time.js';

export type { RedisSentinelOptions, RedisServerOptions } from '../redis-client/server-options.js';

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
  const lifetime = new SessionLifetime(options, [...REDIS_SERVER_OPTIONS, 'prefix', 'timeFrom', 'clock']);
  const { prefix = 'session-init', timeFrom = 'store', clock = systemClock } = options;
  const problems = [
    ...redisServerProblems(options),
    /^[^{}]+$/.test(prefix) ? '' : 'prefix must be a text without braces.',
    ['store', 'clock'].includes(timeFrom) ? '' : 'timeFrom must be store or clock.',
  ].filter((problem) => problem !== '');
  if (problems.length > 0) throw new ConfigurationError(`redis cannot work: ${problems.join(' ')}`, { problems });

  const server = readServer(options);
  const scripts = server.kind === 'cluster' ? CLUSTER_SCRIPTS : SERVER_SCRIPTS;
  const connection = new RedisConnection(server, { name: 'redis', clock, scripts });
  const background = new Background(clock);
  const keys = new Keys(prefix);
  let timeSource: RedisClient | undefined;
  const time =
    timeFrom === 'store'
      ? storeTime(
          async () =>
            Number(await runScript(timeSource as RedisClient, 'sessionInitTime', [keys.clock], [0, 'store', '', ''])),
          clock,
        )
      : { ready: () => undefined, ...sessionTime(clock) };
  const around: Surroundings = {
    keys,
    lifetime,
    node: nanoid(),
    timeFrom,
    timeout: server.timeout,
    now: time.now,
    inBackground: (work) => background.run(work),
  };
  const operations = server.kind === 'cluster' ? inCluster(around) : onOneServer(around);

  /** `work` with the time known. */
  function timed<Result>(work: (client: RedisClient) => Promise<Result>): (client: RedisClient) => Promise<Result> {
    return (client) => {
      timeSource = client;
      const reading = time.ready();
      return reading === undefined ? work(client) : reading.then(() => work(client));
    };
  }

  const write = <Result>(
    method: string,
    callOptions: CallOptions | undefined,
    work: (client: RedisClient) => Promise<Result>,
  ) => connection.call(method, callOptions, timed(work));

  const read = <Result>(
    method: string,
    callOptions: CallOptions | undefined,
    work: (client: RedisClient) => Promise<Result>,
  ) => connection.read(method, callOptions, timed(work));

  return {
    name: 'redis',
    open: () => read('open', undefined, async () => {}),

    async create(request, callOptions) {
      requireUser(request.user);
      return connection.call('create', callOptions, (client, deadline) =>
        timed((client) =>
          operations.create(client, request, newSessionSecret(), new EitherSignal(callOptions, deadline)),
        )(client),
      );
    },

    findBySecret: (secret, callOptions) =>
      read('findBySecret', callOptions, (client) => findByHash(around, client, hashedSecret(secret))),

    findById: (id, callOptions) =>
      read('findById', callOptions, async (client) =>
        isSessionId(id) ? findByPlace(around, client, placeOf(id)) : undefined,
      ),

    listByUser: (user, page, callOptions) =>
      read('listByUser', callOptions, async (client) => {
        const [after, limit] = [afterId(page?.after), itemCount(page?.limit ?? 1_000)];
        if (user === undefined) return listOfAll(around, client, after, limit);
        // A name that is not well-formed would be looked up as another one.
        return user.isWellFormed() ? listOfUser(around, client, user, after, limit) : [];
      }),

    refresh: (id, callOptions) =>
      write('refresh', callOptions, async (client) =>
        isSessionId(id) ? operations.refresh(client, placeOf(id)) : undefined,
      ),

    remove: (id, callOptions) =>
      write('remove', callOptions, async (client) =>
        isSessionId(id) ? operations.remove(client, placeOf(id)) : false,
      ),

    removeExpired: (limit, callOptions) =>
      write('removeExpired', callOptions, (client) =>
        removeExpired(around, client, itemCount(limit), operations.resolve),
      ),

    probe: (callOptions) => connection.call('probe', callOptions, async (client) => void (await client.ping())),

    async close() {
      await background.close();
      await connection.close();
    },
  };
}
