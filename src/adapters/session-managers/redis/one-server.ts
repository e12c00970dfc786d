import { BackendFaultError, DeadlineExceededError } from '../../../model/errors.js';
import { FullAuthSession } from '../../../model/session.js';
import { isRefusal } from '../../redis-client/redis-fault.js';
import type { BucketSteps } from './bucket-steps.js';
import { bucketOf, hashedSecret, IDS_OF_A_BUCKET } from './keys.js';
import { readSession, writeFreshSession } from './stored-session.js';
import { admissionArgs, runForUser, runInBucket, type Surroundings } from './surroundings.js';

/** The operations where all keys are on one server: each is one script. */
export function onOneServer(around: Surroundings): BucketSteps {
  return {
    async create(client, { user, ipAddress }, secret, call) {
      const bucket = bucketOf(user);
      const hashed = hashedSecret(secret);
      const now = around.now();
      const admission = admissionArgs(around, now, user, hashed);
      const expected = new FullAuthSession({
        session_id: bucket * IDS_OF_A_BUCKET + now,
        session_secret: secret,
        created: new Date(now),
        last_accessed: new Date(now),
        ip_address: ipAddress,
        user,
      });
      const args = [...admission, writeFreshSession(expected, now)] as const;
      try {
        const answer = await runForUser(around, client, 'sessionInitCreate', bucket, args, now);
        if (answer === 'limitReached') return { outcome: answer };
        if (answer === 'late') throw new DeadlineExceededError('A creation came to Redis when its time was over.');
        call.throwIfAborted();
        if (answer === 'asExpected') return { outcome: 'created', session: expected };
        const [created, evicted] = answer as [string, string[]];
        const session = readSession(created);
        if (session === undefined) throw new BackendFaultError('Redis has answered a creation without a session.');
        return {
          outcome: 'created',
          session: new FullAuthSession({ ...session, session_secret: secret }),
          ...(evicted.length > 0 && { evicted: evicted.map(Number) }),
        };
      } catch (cause) {
        if (!isRefusal(cause)) {
          const what = [hashed, now + around.timeout];
          around.inBackground(() => runInBucket(around, client, 'sessionInitAbandon', bucket, what));
        }
        throw cause;
      }
    },

    async refresh(client, { bucket, number }) {
      const text = await runInBucket(around, client, 'sessionInitRefresh', bucket, [number]);
      return readSession(text as string | null);
    },

    async remove(client, { bucket, number }) {
      return (await runInBucket(around, client, 'sessionInitRemove', bucket, [number])) === 1;
    },

    // Nothing is ever half-made where an operation is one script.
    async resolve() {},
  };
}
