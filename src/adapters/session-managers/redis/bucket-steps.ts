import type { Secret } from '../../../model/secret.js';
import type { FullAuthSession } from '../../../model/session.js';
import type { SessionCreation, SessionRequest } from '../../ports.js';
import type { RedisClient } from '../../redis-client/open-client.js';
import type { Place } from './keys.js';
import type { Abandonable } from './redis-sessions.js';

/** What changes sessions that are kept in buckets: in one script on one server, in several in a cluster. */
export interface BucketSteps {
  create(client: RedisClient, request: SessionRequest, secret: Secret, call: Abandonable): Promise<SessionCreation>;
  refresh(client: RedisClient, place: Place): Promise<FullAuthSession | undefined>;
  remove(client: RedisClient, place: Place): Promise<boolean>;
  /** Sees to sessions of a bucket that were left half-made. */
  resolve(client: RedisClient, bucket: number, numbers: readonly string[]): Promise<void>;
}
