import { nanoid } from 'nanoid';
import { BackendFaultError } from '../../../model/errors.js';
import {
  type GuessAnswer,
  type GuessAttempt,
  type GuessPlace,
  type GuessStore,
  hashedGuess,
  KNOWN_FOR,
  MAX_KNOWN_ADDRESSES,
} from '../../guess-store.js';
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

/** Milliseconds after which who waits for a place asks again, and by chance up to twice as many. */
const ASK_AGAIN_IN = 50;

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
  const node = nanoid();
  let places = 0;

  function run(
    script: keyof typeof GUESS_SCRIPTS,
    { rules, key, from }: GuessAttempt,
    args: readonly (string | number)[],
  ) {
    const tag = `${prefix}:{${hashedGuess(rules.kind, key)}}`;
    const keys = [`${tag}:guesses`, `${tag}:guesses-at-known`, `${tag}:known`];
    const now = timeFrom === 'store' ? '' : clock.now();
    // With the account in it, the same address has another hash for each.
    const head = [now, from === undefined ? '' : hashedGuess(rules.kind, key, from), KNOWN_FOR];
    return connection.call(script, undefined, (client) => runScript(client, script, keys, [...head, ...args]));
  }

  async function settle(attempt: GuessAttempt, { atKnown, lease }: Omit<GuessPlace, 'outcome'>, verdict: string) {
    const { window, clearsOnSuccess, maxFailuresAtKnown } = attempt.rules;
    const [id = '', leaseEnds = ''] = lease.split(' ');
    const most = maxFailuresAtKnown > 0 ? MAX_KNOWN_ADDRESSES : 0;
    const rest = [verdict, window, clearsOnSuccess ? 1 : 0, most];
    await run('sessionInitSettle', attempt, [id, leaseEnds, atKnown ? 1 : 0, ...rest]);
  }

  return {
    name: 'redis',
    open: () => connection.call('open', undefined, async (client) => void (await client.ping())),

    async reserve(attempt): Promise<GuessAnswer> {
      const { lease, maxFailures, maxFailuresAtKnown } = attempt.rules;
      const id = `${node}:${places++}`;
      try {
        const args = [id, lease, maxFailures, maxFailuresAtKnown];
        const [outcome, isKnown, time = 0] = (await run('sessionInitReserve', attempt, args)) as [
          string,
          number,
          number?,
        ];
        const atKnown = isKnown === 1;
        if (outcome === 'reserved') return { outcome, atKnown, lease: `${id} ${time}` };
        if (outcome === 'locked') return { outcome, atKnown, retryAfter: time };
        if (outcome === 'busy') return { outcome, atKnown, askAgainIn: ASK_AGAIN_IN * (1 + Math.random()) };
      } catch (cause) {
        if (!connection.isClosed) withdraw(attempt, id);
        throw cause;
      }
      throw new BackendFaultError('Redis has answered something that is no answer.');
    },

    settle,
    probe: (callOptions) => connection.call('probe', callOptions, async (client) => void (await client.ping())),
    close: () => connection.close(),
  };

  /** It may have been taken, though nobody was told. Where that cannot be told to Redis either, it is free by itself. */
  function withdraw(attempt: GuessAttempt, id: string): void {
    for (const atKnown of [false, true]) {
      settle(attempt, { atKnown, lease: `${id} ${Number.MAX_SAFE_INTEGER}` }, 'withdrawn').catch(() => {});
    }
  }
}
