import type { BucketSteps } from './bucket-steps.js';
import { hashedSecret, placeOf } from './keys.js';
import { findByHash, findByPlace, listOfAll, listOfUser, removeExpired } from './reading.js';
import type { RedisSessions } from './redis-sessions.js';
import type { Surroundings } from './surroundings.js';

/** Sessions in 256 buckets, each with the sessions of some users: the layout of this package. */
export function bucketSessions(around: Surroundings, steps: BucketSteps): RedisSessions {
  return {
    create: steps.create,
    findBySecret: (client, secret) => findByHash(around, client, hashedSecret(secret)),
    findById: (client, id) => findByPlace(around, client, placeOf(id)),
    listOfUser: (client, user, after, limit) => listOfUser(around, client, user, after, limit),
    listOfAll: (client, after, limit) => listOfAll(around, client, after, limit),
    refresh: (client, id) => steps.refresh(client, placeOf(id)),
    remove: (client, id) => steps.remove(client, placeOf(id)),
    removeExpired: (client, limit) => removeExpired(around, client, limit, steps.resolve),
  };
}
