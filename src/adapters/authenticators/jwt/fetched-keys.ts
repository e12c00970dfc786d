import type { createLocalJWKSet } from 'jose';
import type { Clock } from '../../../model/clock.js';
import { EitherSignal } from '../../../model/either-signal.js';
import { BackendFaultError, ClosedError } from '../../../model/errors.js';
import { isJsonObject } from '../../../model/json.js';
import type { KeySet, KeySource, LoadJose } from './key-source.js';

/** Options of {@link fetchedKeys}. */
export interface FetchedKeysOptions {
  /** The name of the authenticator, for error messages. */
  name: string;
  clock: Clock;
  /** Milliseconds after which keys are not used any more. They are fetched anew, in the background, at half of it. */
  maxAge: number;
  /** Milliseconds from the start of one fetch to that of the next. */
  cooldown: number;
  /** Asks the issuer for its key set. It settles within its deadline. */
  fetchKeySet: (options: { readonly signal: AbortSignal }) => Promise<unknown>;
  loadJose: LoadJose;
  /** Is told of the first of several fetches that fail one after the other. */
  onFailure: (error: unknown) => void;
}

/**
 * Keys that an issuer publishes. However many tokens ask for keys that are not there, one fetch starts in a cool-down,
 * and all wait for the same. Keys stay in use while the issuer cannot be reached, until they are too old.
 */
export function fetchedKeys(options: FetchedKeysOptions): KeySource {
  const { name, clock, maxAge, cooldown, fetchKeySet, loadJose, onFailure } = options;
  const closing = new AbortController();
  let keys: KeySet | undefined;
  let refreshing: Promise<KeySet> | undefined;
  let lastStart = Number.NEGATIVE_INFINITY;
  let hasFailed = false;

  async function fetchKeys(signal: AbortSignal): Promise<KeySet> {
    const requestedAt = clock.monotonic();
    lastStart = requestedAt;
    try {
      const { createLocalJWKSet } = await loadJose();
      const find = createLocalJWKSet(keySetIn(await fetchKeySet({ signal })));
      if (keys === undefined || keys.requestedAt <= requestedAt) keys = { find, requestedAt };
      hasFailed = false;
      return keys;
    } catch (error) {
      if (closing.signal.aborted) throw new ClosedError(name);
      if (!hasFailed) onFailure(error);
      hasFailed = true;
      throw error;
    }
  }

  function keySetIn(answer: unknown): Parameters<typeof createLocalJWKSet>[0] {
    const list = isJsonObject(answer) ? answer['keys'] : undefined;
    // An issuer without a key has lost them: its tokens are not to be taken for forged.
    if (Array.isArray(list) && list.length > 0 && list.every(isJsonObject)) return { keys: list };
    throw new BackendFaultError(`${name}: what the issuer publishes is no set of keys.`);
  }

  /** Resolves when the next fetch may start, or when this is closed. */
  function cooldownOver(): Promise<void> {
    return new Promise((resolve) => {
      if (closing.signal.aborted) return resolve();
      const over = () => {
        clock.clearTimeout(timer);
        closing.signal.removeEventListener('abort', over);
        resolve();
      };
      const timer = clock.setTimeout(over, Math.max(0, lastStart + cooldown - clock.monotonic()));
      closing.signal.addEventListener('abort', over);
    });
  }

  async function fetchInTurn(): Promise<KeySet> {
    try {
      if (clock.monotonic() < lastStart + cooldown) await cooldownOver();
      if (closing.signal.aborted) throw new ClosedError(name);
      return await fetchKeys(closing.signal);
    } finally {
      refreshing = undefined;
    }
  }

  function refresh(): Promise<KeySet> {
    if (refreshing === undefined) {
      refreshing = fetchInTurn();
      // Whoever waits is told. If nobody does, because this is in the background, `onFailure` was.
      refreshing.catch(() => {});
    }
    return refreshing;
  }

  return {
    atHand() {
      if (keys === undefined) return undefined;
      const age = clock.monotonic() - keys.requestedAt;
      if (age >= maxAge) return undefined;
      if (age >= maxAge / 2) refresh();
      return keys;
    },
    refresh,
    async probe(options) {
      const either = new EitherSignal(options, closing);
      try {
        await fetchKeys(either.signal);
      } finally {
        either.release();
      }
    },
    close: () => closing.abort(),
  };
}
