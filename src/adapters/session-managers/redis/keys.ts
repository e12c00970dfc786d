import { hash } from 'node:crypto';
import type { Secret } from '../../../model/secret.js';

/**
 * Every user belongs to one of so many buckets, each of which is in a slot of its own. With four times as many, their sorted
 * sets were short and many, and a creation took a tenth longer; with few, a cluster could not spread them.
 */
export const BUCKETS = 256;

/** So many ids belong to one bucket: 256 times as many are the positive safe integers. */
export const IDS_OF_A_BUCKET = 2 ** 45;

/** Where a session is kept: which bucket, and its number in there. */
export interface Place {
  readonly bucket: number;
  readonly number: number;
}

/** The bucket of a user: the first bits of the SHA-256 of the name. */
export function bucketOf(user: string): number {
  return Number.parseInt(hash('sha256', user, 'hex').slice(0, 4), 16) % BUCKETS;
}

export function placeOf(sessionId: number): Place {
  const bucket = Math.floor(sessionId / IDS_OF_A_BUCKET);
  return { bucket, number: sessionId - bucket * IDS_OF_A_BUCKET };
}

/** So many characters has the hash of a secret. */
export const HASH_LENGTH = 43;

/** A session secret as the store knows it: 43 characters of base64url, which is text to every tool. */
export function hashedSecret(secret: Secret): string {
  return hash('sha256', secret.reveal(), 'base64url');
}

/** The names of everything in the store. */
export class Keys {
  /** Where it is told which sessions have ended. */
  readonly channel: string;
  /** In a cluster, the server that keeps this one gives the time. */
  readonly clock: string;
  /** What stands before the hash of a secret. */
  readonly secrets: string;
  readonly #prefix: string;
  readonly #buckets: readonly (readonly string[])[];

  constructor(prefix: string) {
    this.channel = `${prefix}:ended`;
    this.clock = `${prefix}:clock`;
    this.secrets = `${prefix}:secret:`;
    this.#prefix = prefix;
    this.#buckets = Array.from({ length: BUCKETS }, (_, bucket) =>
      ['counter', 'ids', 'ends', 'pending'].map((part) => this.bucketPrefix(bucket) + part),
    );
  }

  /** What a secret opens: the whole session. */
  secret(hashed: string): string {
    return this.secrets + hashed;
  }

  /** What the names of the keys of a bucket begin with. The number in braces alone decides on their slot. */
  bucketPrefix(bucket: number): string {
    return `${this.#prefix}:{${bucket}}:`;
  }

  /** Of one bucket: the counter, the sessions by id, by end, and those that are not yet what they will be. */
  bucket(bucket: number): readonly string[] {
    return this.#buckets[bucket] as readonly string[];
  }

  /** The sorted set of the sessions of a user. */
  ofUser(bucket: number, user: string): string {
    return `${this.bucketPrefix(bucket)}user:${user}`;
  }

  /** The sorted set of the sessions of a bucket by id. Each member is made of what {@link readEntry} reads. */
  ids(bucket: number): string {
    return this.bucket(bucket)[1] as string;
  }

  /** The sorted set of the sessions of a bucket by the time of their end. */
  ends(bucket: number): string {
    return this.bucket(bucket)[2] as string;
  }
}
