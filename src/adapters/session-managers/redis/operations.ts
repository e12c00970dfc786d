import type { Secret } from '../../../model/secret.js';
import type { FullAuthSession } from '../../../model/session.js';
import type { SessionCreation, SessionRequest } from '../../ports.js';
import type { RedisClient } from '../../redis-client/open-client.js';
import type { Place } from './keys.js';

/** A call that may have been given up by whoever made it. */
export interface Abandonable {
  throwIfAborted(): void;
}

/** What changes the sessions. */
export interface SessionOperations {
  create(client: RedisClient, request: SessionRequest, secret: Secret, call: Abandonable): Promise<SessionCreation>;
  refresh(client: RedisClient, place: Place): Promise<FullAuthSession | undefined>;
  remove(client: RedisClient, place: Place): Promise<boolean>;
  /** Sees to sessions of a bucket that were left half-made. */
  resolve(client: RedisClient, bucket: number, numbers: readonly string[]): Promise<void>;
}
