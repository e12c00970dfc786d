import { type Clock, systemClock } from '../../../model/clock.js';
import { ConfigurationError } from '../../../model/errors.js';
import { unknownOptions } from '../../../model/known-options.js';
import { RedisConnection } from '../../redis-client/connection.js';
import type { RedisScripts } from '../../redis-client/open-client.js';
import {
  REDIS_SERVER_OPTIONS,
  type RedisServerOptions,
  readServer,
  redisServerProblems,
} from '../../redis-client/server-options.js';

/** Options of what is kept in Redis beside the sessions. */
export interface RedisPartOptions extends RedisServerOptions {
  /**
   * What the names of all keys begin with: the same on all nodes. It may be that of the session manager.
   *
   * @defaultValue `'session-init'`
   */
  prefix?: string;
  /** Where deadlines come from. @defaultValue the machine's own clock */
  clock?: Clock;
}

/** What a connection is for. */
export interface RedisPart {
  /** The function whose options are checked. */
  readonly factory: string;
  /** What it makes, in messages. */
  readonly part: string;
  /** Its options beside those of every part. */
  readonly others?: readonly string[];
  /** What is wrong with them. */
  readonly problem?: string;
}

/** @throws ConfigurationError with every problem of the options */
export function connectionOf(
  { factory, part, others = [], problem = '' }: RedisPart,
  options: RedisPartOptions,
  scripts: RedisScripts,
): { connection: RedisConnection; prefix: string; clock: Clock } {
  const { prefix = 'session-init', clock = systemClock } = options;
  const problems = [
    ...unknownOptions(factory, options, [...REDIS_SERVER_OPTIONS, 'prefix', 'clock', ...others]),
    ...redisServerProblems(options),
    // Braces say which part of a key decides on its slot.
    /^[^{}]+$/.test(prefix) ? '' : 'prefix must be a text without braces.',
    problem,
  ].filter((it) => it !== '');
  if (problems.length > 0) throw new ConfigurationError(`${factory} cannot work: ${problems.join(' ')}`, { problems });
  return {
    connection: new RedisConnection(readServer(options), { name: 'redis', part, clock, scripts }),
    prefix,
    clock,
  };
}
