import type { CallOptions } from './ports.js';

/** What became of an attempt: only `denied` counts as a guess; `succeeded` clears the count. */
export type GuessVerdict = 'succeeded' | 'denied' | 'withdrawn';

/** How attempts of one kind count. It is the same on all nodes that share a store. */
export interface GuessRules {
  /** What is counted by: the keys of one kind count apart from those of another. */
  readonly kind: 'account' | 'address';
  /** Failed attempts that are allowed; no more may be under way, together with them. */
  readonly maxFailures: number;
  /**
   * Failed attempts that are allowed from addresses that the key was used from before, which then count apart from all
   * others; 0: they do not count apart.
   */
  readonly maxFailuresAtKnown: number;
  /** Milliseconds from the first failure after which all are forgotten. */
  readonly window: number;
  /** Milliseconds after which the place of an attempt that was never settled is free again: its node has died. */
  readonly lease: number;
  /** Whether a success forgets earlier failures. */
  readonly clearsOnSuccess: boolean;
}

/** One attempt, as it counts. */
export interface GuessAttempt {
  readonly rules: GuessRules;
  /** Of any length, and with any characters: it comes from outside. */
  readonly key: string;
  /** The address that it comes from, where those that are known can count apart. */
  readonly from?: string | undefined;
}

/** A place that an attempt has taken: it is to be settled. */
export interface GuessPlace {
  readonly outcome: 'reserved';
  /** Whether it counts among those from known addresses. */
  readonly atKnown: boolean;
  /** What the store knows it by. */
  readonly lease: string;
}

/** There are as many failures as are allowed. */
export interface GuessLocked {
  readonly outcome: 'locked';
  readonly atKnown: boolean;
  /** Milliseconds until they are forgotten. */
  readonly retryAfter: number;
}

/** There would be a place if an attempt that is under way gave up its own. */
export interface GuessBusy {
  readonly outcome: 'busy';
  readonly atKnown: boolean;
  /** Milliseconds after which to ask again, as other nodes tell nobody; undefined: there are none. */
  readonly askAgainIn?: number;
}

/** What a store answers to who asks for a place. */
export type GuessAnswer = GuessPlace | GuessLocked | GuessBusy;

/**
 * Where the throttle counts failed attempts. Every attempt takes a place beforehand, and settles it when its outcome is
 * known. Places and failures together never exceed the limit, on all nodes that share the store, however many come at once;
 * and they are told apart, so that attempts under way lock nobody out.
 *
 * A rejection means that the store is at fault, and lets nobody in. Time is the store's.
 */
export interface GuessStore {
  readonly name: string;
  /** Takes a place if there is one. It is atomic, and never waits for one. A place that nobody was told of is given back. */
  reserve(attempt: GuessAttempt): Promise<GuessAnswer>;
  /**
   * Gives a place back, and counts what became of it: a denial as one failure; a success by forgetting those of the count
   * that it belongs to, if the rules say so, and by remembering the address. Once is as good as twice.
   */
  settle(attempt: GuessAttempt, place: GuessPlace, verdict: GuessVerdict): Promise<void>;
  /** Asks the store for a sign of life that commits it to nothing. @throws whatever a call would meet */
  probe?(options: CallOptions): Promise<void>;
  close?(): Promise<void>;
}
