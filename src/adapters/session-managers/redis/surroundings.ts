import { runScript } from '../../redis-client/connection.js';
import type { RedisClient } from '../../redis-client/open-client.js';
import type { SessionLifetime } from '../../session-lifetime.js';
import { IDS_OF_A_BUCKET, type Keys } from './keys.js';

/** A session stays readable for so many milliseconds after its end, for whoever clears it away and tells of it. */
export const KEPT_AFTER_END = 300_000;

/** What every operation on the store goes by. */
export interface Surroundings {
  readonly keys: Keys;
  readonly lifetime: SessionLifetime;
  /** Who does it, so that nobody is told of what it did itself. */
  readonly node: string;
  readonly timeFrom: 'store' | 'clock';
  /** Milliseconds for one call. */
  readonly timeout: number;
  now(): number;
  /** Does something that the answer need not wait for. */
  inBackground(work: () => Promise<unknown>): void;
}

/** Runs a script on the keys of a bucket. */
export function runInBucket(
  { keys, node, timeFrom, now }: Surroundings,
  client: RedisClient,
  script: string,
  bucket: number,
  args: readonly (string | number)[],
): Promise<unknown> {
  const head = [now(), timeFrom, keys.channel, node, bucket * IDS_OF_A_BUCKET];
  return runScript(client, script, keys.bucket(bucket), [...head, ...args]);
}
