import type { Secret } from '../../../model/secret.js';
import type { FullAuthSession } from '../../../model/session.js';
import type { SessionCreation, SessionRequest } from '../../ports.js';
import type { RedisClient } from '../../redis-client/open-client.js';

/** A call that may have been given up by whoever made it. */
export interface Abandonable {
  throwIfAborted(): void;
}

/** The sessions in Redis, in one layout of its keys. What it is given was checked before. */
export interface RedisSessions {
  create(client: RedisClient, request: SessionRequest, secret: Secret, call: Abandonable): Promise<SessionCreation>;
  findBySecret(client: RedisClient, secret: Secret): Promise<FullAuthSession | undefined>;
  findById(client: RedisClient, id: number): Promise<FullAuthSession | undefined>;
  listOfUser(client: RedisClient, user: string, after: number, limit: number): Promise<FullAuthSession[]>;
  listOfAll(client: RedisClient, after: number, limit: number): Promise<FullAuthSession[]>;
  refresh(client: RedisClient, id: number): Promise<FullAuthSession | undefined>;
  remove(client: RedisClient, id: number): Promise<boolean>;
  removeExpired(client: RedisClient, limit: number): Promise<FullAuthSession[]>;
}
