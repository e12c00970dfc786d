import type { CryptoKey, FlattenedJWSInput, JWSHeaderParameters } from 'jose';

/** Public keys, and when they were asked for. */
export interface KeySet {
  /** Finds the key that a token names. */
  readonly find: (header?: JWSHeaderParameters, token?: FlattenedJWSInput) => Promise<CryptoKey>;
  /** By the clock's monotonic time. What was published before then is in the set. */
  readonly requestedAt: number;
}

/** Where the keys that verify tokens come from. */
export interface KeySource {
  /** The keys to use now; undefined if there are none, or they are too old. */
  atHand(): KeySet | undefined;
  /** The keys of the fetch that is under way, else of the next that the cool-down allows. */
  refresh(): Promise<KeySet>;
  /** Fetches the keys now. */
  probe(options: { readonly signal: AbortSignal }): Promise<void>;
  close(): void;
}

/** Loads the package jose. */
export type LoadJose = () => Promise<typeof import('jose')>;
