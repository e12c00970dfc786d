import type { GuessStore } from '../../guess-store.js';
import { type HashedAttempt, KNOWN_FOR, leasedGuesses, MAX_KNOWN_ADDRESSES } from '../../leased-guesses.js';
import type { CallOptions } from '../../ports.js';
import { runScript } from '../../redis-client/connection.js';
import { connectionOf, type RedisPartOptions } from './connection-of.js';
import { GUESS_SCRIPTS } from './guess-lua.js';

/** Options of {@link redisGuessStore}. */
export interface RedisGuessStoreOptions extends RedisPartOptions {
  /**
   * By whose time failures are forgotten: that of Redis, so that all nodes agree, whatever their own clocks show, or that of
   * `clock`.
   *
   * @defaultValue `'store'`
   */
  timeFrom?: 'store' | 'clock';
}

/** A store of failed attempts that can be connected ahead of its first call. */
export interface RedisGuessStore extends GuessStore {
  /**
   * Connects now, rather than with the first attempt, so that a service learns at its start whether it can. Harmless if it
   * is connected; after a failure it can be called again.
   */
  open(): Promise<void>;
  probe(options: CallOptions): Promise<void>;
  close(): Promise<void>;
}

/**
 * Counts failed attempts in Redis or Valkey, where any number of nodes share them: for `throttle.store` of the orchestrator.
 * Each call is one script. Names and addresses are kept as hashes only, and everything expires by itself.
 *
 * @throws ConfigurationError with every problem of the options
 *
 * @example
 * ```ts
 * import { redisGuessStore } from 'session-init/adapters/redis';
 *
 * const throttle = { store: redisGuessStore({ url: 'redis://127.0.0.1:6379' }) };
 * ```
 */
export function redisGuessStore(options: RedisGuessStoreOptions): RedisGuessStore {
  const { timeFrom = 'store' } = options;
  const problem = ['store', 'clock'].includes(timeFrom) ? '' : 'timeFrom must be store or clock.';
  const made = { factory: 'redisGuessStore', part: 'The guess store redis', others: ['timeFrom'], problem };
  const { connection, prefix, clock } = connectionOf(made, options, GUESS_SCRIPTS);

  function run(
    script: keyof typeof GUESS_SCRIPTS,
    { key, address }: HashedAttempt,
    args: readonly (string | number)[],
  ): Promise<unknown> {
    const tag = `${prefix}:{${key}}`;
    const keys = [`${tag}:guesses`, `${tag}:guesses-at-known`, `${tag}:known`];
    const head = [timeFrom === 'store' ? '' : clock.now(), address, KNOWN_FOR];
    return connection.call(script, undefined, (client) => runScript(client, script, keys, [...head, ...args]));
  }

  return {
    name: 'redis',
    open: () => connection.call('open', undefined, async (client) => void (await client.ping())),

    ...leasedGuesses({
      name: 'Redis',

      async reserve(attempt, id) {
        const { lease, maxFailures, maxFailuresAtKnown } = attempt.rules;
        const answer = await run('sessionInitReserve', attempt, [id, lease, maxFailures, maxFailuresAtKnown]);
        const [outcome, isKnown, time = 0] = answer as [unknown, number, number?];
        return { outcome, atKnown: isKnown === 1, time };
      },

      async settle(attempt, { id, leaseEnds, atKnown }, verdict) {
        const { window, clearsOnSuccess, maxFailuresAtKnown } = attempt.rules;
        const most = maxFailuresAtKnown > 0 ? MAX_KNOWN_ADDRESSES : 0;
        const args = [id, leaseEnds, Number(atKnown), verdict, window, Number(clearsOnSuccess), most];
        await run('sessionInitSettle', attempt, args);
      },
    }),

    probe: (callOptions) => connection.call('probe', callOptions, async (client) => void (await client.ping())),
    close: () => connection.close(),
  };
}
