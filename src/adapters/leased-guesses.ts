import { hash } from 'node:crypto';
import { BackendFaultError, ClosedError, OverloadedError } from '../model/errors.js';
import { newId } from '../model/new-id.js';
import type { GuessAnswer, GuessAttempt, GuessRules, GuessStore, GuessVerdict } from './guess-store.js';

/** Milliseconds for which an address counts as known to an account after a session was begun from there: 90 days. */
export const KNOWN_FOR = 90 * 86_400_000;

/** So many addresses of an account are remembered: those used last. */
export const MAX_KNOWN_ADDRESSES = 100;

/** Milliseconds after which who waits for a place asks again, and by chance up to twice as many. */
const ASK_AGAIN_IN = 50;

/**
 * An attempt as a store outside of this process knows it: by hashes, which are always as long, whatever somebody asserts, and
 * no list of names for who reads the store. The same address has another one for each account.
 */
export interface HashedAttempt {
  readonly rules: GuessRules;
  readonly key: string;
  /** Empty where addresses do not matter. */
  readonly address: string;
}

/** A place that a node has taken, under an id of its own. */
export interface LeasedPlace {
  readonly atKnown: boolean;
  readonly id: string;
  /** When it is free by itself, by the time of the store. */
  readonly leaseEnds: number;
}

/** The two operations of a store that nodes share, each of them atomic. */
export interface LeasedGuesses {
  /** Whose they are, in messages. */
  readonly name: string;
  /** `time`: when the lease ends if it is `reserved`, milliseconds until the failures are forgotten if it is `locked`. */
  reserve(attempt: HashedAttempt, id: string): Promise<{ outcome: unknown; atKnown: boolean; time: number }>;
  /** Counts nothing if the place is there no more though its lease goes on: it was settled before. */
  settle(attempt: HashedAttempt, place: LeasedPlace, verdict: GuessVerdict): Promise<void>;
}

/** What a {@link GuessStore} does with places that are leased, so that those of a node that has died are free again. */
export function leasedGuesses(guesses: LeasedGuesses): Pick<GuessStore, 'reserve' | 'settle'> {
  const node = newId();
  let places = 0;

  /** It may have been taken, though nobody was told. Where that cannot be told to the store either, it is free by itself. */
  function withdraw(attempt: HashedAttempt, id: string): void {
    for (const atKnown of attempt.rules.maxFailuresAtKnown > 0 ? [false, true] : [false]) {
      const place = { atKnown, id, leaseEnds: Number.MAX_SAFE_INTEGER };
      guesses.settle(attempt, place, 'withdrawn').catch(() => {});
    }
  }

  return {
    async reserve(given): Promise<GuessAnswer> {
      const attempt = hashed(given);
      const id = `${node}:${places++}`;
      try {
        const { outcome, atKnown, time } = await guesses.reserve(attempt, id);
        if (outcome === 'reserved') return { outcome, atKnown, lease: `${id} ${time}` };
        if (outcome === 'locked') return { outcome, atKnown, retryAfter: time };
        if (outcome === 'busy') return { outcome, atKnown, askAgainIn: ASK_AGAIN_IN * (1 + Math.random()) };
      } catch (cause) {
        if (!(cause instanceof ClosedError || cause instanceof OverloadedError)) withdraw(attempt, id);
        throw cause;
      }
      throw new BackendFaultError(`${guesses.name} has answered something that is no answer.`);
    },

    async settle(given, { atKnown, lease }, verdict) {
      const [id = '', leaseEnds] = lease.split(' ');
      await guesses.settle(hashed(given), { atKnown, id, leaseEnds: Number(leaseEnds) }, verdict);
    },
  };
}

function hashed({ rules, key, from }: GuessAttempt): HashedAttempt {
  return {
    rules,
    key: hashOf(rules.kind, key),
    address: from === undefined ? '' : hashOf(rules.kind, key, from),
  };
}

/** @returns 22 characters of base64url */
function hashOf(...parts: readonly string[]): string {
  // As JSON, names that are not well-formed stay apart, and no two lists of parts are alike.
  return hash('sha256', JSON.stringify(parts), 'buffer').subarray(0, 16).toString('base64url');
}
