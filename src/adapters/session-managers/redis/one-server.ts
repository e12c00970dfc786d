import { BackendFaultError, DeadlineExceededError } from '../../../model/errors.js';
import type { Secret } from '../../../model/secret.js';
import { FullAuthSession } from '../../../model/session.js';
import type { SessionCreation, SessionRequest } from '../../ports.js';
import type { RedisClient } from '../../redis-client/open-client.js';
import { bucketOf, hashedSecret, type Place, padded } from './keys.js';
import { readSession } from './stored-session.js';
import { KEPT_AFTER_END, runInBucket, type Surroundings } from './surroundings.js';

/** The operations where all keys are on one server: each is one script. */
export const onOneServer = {
  async create(
    around: Surroundings,
    client: RedisClient,
    request: SessionRequest,
    secret: Secret,
  ): Promise<SessionCreation> {
    const { user, ipAddress } = request;
    const { idleTimeout, absoluteLifetime, limitPolicy, maxSessionsPerUser } = around.lifetime;
    const answer = await runInBucket(around, client, 'sessionInitCreate', bucketOf(user), [
      user,
      hashedSecret(secret),
      idleTimeout,
      absoluteLifetime,
      limitPolicy,
      maxSessionsPerUser,
      KEPT_AFTER_END,
      0,
      around.now() + around.timeout,
      around.keys.secrets,
      ipAddress,
    ]);
    const [outcome, text, evicted = []] = answer as [string, string?, string[]?];
    if (outcome === 'limitReached') return { outcome };
    if (outcome === 'late') throw new DeadlineExceededError('A creation has reached Redis when its time was over.');
    const session = readSession(text ?? null);
    if (session === undefined) throw new BackendFaultError('Redis has answered a creation without a session.');
    return {
      outcome: 'created',
      session: new FullAuthSession({ ...session, session_secret: secret }),
      ...(evicted.length > 0 && { evicted: evicted.map(Number) }),
    };
  },

  async refresh(around: Surroundings, client: RedisClient, { bucket, number }: Place) {
    const { idleTimeout, absoluteLifetime } = around.lifetime;
    const args = [padded(number), idleTimeout, absoluteLifetime, KEPT_AFTER_END, around.keys.secrets];
    const text = await runInBucket(around, client, 'sessionInitRefresh', bucket, args);
    return readSession(text as string | null);
  },

  async remove(around: Surroundings, client: RedisClient, { bucket, number }: Place): Promise<boolean> {
    const args = [padded(number), around.keys.secrets];
    return (await runInBucket(around, client, 'sessionInitRemove', bucket, args)) === 1;
  },
};
