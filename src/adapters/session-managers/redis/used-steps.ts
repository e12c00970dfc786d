import { CLOCKS_APART, type UsedSteps } from '../../used-steps.js';
import { connectionOf, type RedisPartOptions } from './connection-of.js';

/** Options of {@link usedStepsInRedis}. */
export type RedisUsedStepsOptions = RedisPartOptions;

/** What can be connected ahead of its first call. */
export interface RedisUsedSteps extends UsedSteps {
  /** Connects now, rather than with the first code. Harmless if it is connected; after a failure it can be called again. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Remembers in Redis or Valkey which one-time codes were used, so that each is taken once, whichever node it comes to: for
 * `usedSteps` of `totpAuthenticator`.
 *
 * @throws ConfigurationError with every problem of the options
 */
export function usedStepsInRedis(options: RedisUsedStepsOptions): RedisUsedSteps {
  const made = { factory: 'usedStepsInRedis', part: 'The store of used codes in redis' };
  const { connection, prefix, clock } = connectionOf(made, options, {});
  return {
    open: () => connection.call('open', undefined, async (client) => void (await client.ping())),

    async claim(key, step, expiresAt, callOptions) {
      // Not until a time of day: Redis may have another one.
      const kept = Math.max(expiresAt - clock.now(), 0) + CLOCKS_APART;
      const answer = await connection.call('claim', callOptions, (client) =>
        client.set(`${prefix}:used-step:${key}:${step}`, 1, 'PX', kept, 'NX'),
      );
      return answer === 'OK';
    },

    close: () => connection.close(),
  };
}
