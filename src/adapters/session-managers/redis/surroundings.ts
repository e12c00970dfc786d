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
  /** Milliseconds for a creation in a cluster. What is half-made after that is nobody's. */
  readonly lease: number;
  readonly isCluster: boolean;
  now(): number;
  /** Does something that the answer need not wait for. */
  inBackground(work: () => Promise<unknown>): void;
}

/** What a script is asked for that admits a session: when a new one ends is text already, since Lua is slow to make it. */
export function admissionArgs(
  { lifetime, timeout }: Surroundings,
  now: number,
  user: string,
  hashed: string,
): readonly [user: string, hashed: string, ends: number, deadline: number] {
  return [user, hashed, lifetime.endsAt(now, now), now + timeout];
}

/** Runs a script on the keys of a bucket. */
export function runInBucket(
  around: Surroundings,
  client: RedisClient,
  script: string,
  bucket: number,
  args: readonly (string | number)[],
): Promise<unknown> {
  return run(around, client, script, bucket, [], args, around.now());
}

/** Runs a script on the keys of a bucket, one of its users among them, who is its first argument. */
export function runForUser(
  around: Surroundings,
  client: RedisClient,
  script: string,
  bucket: number,
  [user, ...args]: readonly [user: string, ...(string | number)[]],
  now = around.now(),
): Promise<unknown> {
  return run(around, client, script, bucket, [around.keys.ofUser(bucket, user)], [user, ...args], now);
}

function run(
  { keys, node, isCluster }: Surroundings,
  client: RedisClient,
  script: string,
  bucket: number,
  ofUser: readonly string[],
  args: readonly (string | number)[],
  now: number,
): Promise<unknown> {
  const names = isCluster ? [...keys.bucket(bucket), ...ofUser] : [keys.bucketPrefix(bucket)];
  return runScript(client, script, names, [now, node, bucket * IDS_OF_A_BUCKET, ...args]);
}
