import { BackendFaultError, DeadlineExceededError } from '../../../model/errors.js';
import { FullAuthSession } from '../../../model/session.js';
import type { SessionRequest } from '../../ports.js';
import { runScript } from '../../redis-client/connection.js';
import type { RedisClient } from '../../redis-client/open-client.js';
import type { BucketSteps } from './bucket-steps.js';
import { bucketOf, HASH_LENGTH, hashedSecret, IDS_OF_A_BUCKET } from './keys.js';
import { readSession } from './stored-session.js';
import { admissionArgs, runForUser, runInBucket, type Surroundings } from './surroundings.js';
import { userQueues } from './user-queues.js';

/** The place that a new session, or a session under a new secret, was given in its bucket. */
interface Admission {
  readonly number: string;
  readonly created: string;
  readonly evicted: readonly string[];
  /** The hashes of secrets that must have ended before the new one begins. */
  readonly owed: readonly string[];
  /** Until when it may be made valid. */
  readonly deadline: number;
}

/** What a bucket knows of a session. */
interface Located {
  readonly hashed: string;
  /** What it shall be while it is pending: there, or gone. */
  readonly aim: '+' | '-' | '';
  readonly owed: readonly string[];
  readonly deadline: number;
}

/**
 * The operations in a cluster, where the keys of a bucket and that of a secret are on different servers: each is made of
 * steps, in an order in which it can be cut off anywhere. A secret is made valid after all that it replaces has ended; the
 * bucket counts a session before its secret is valid, and until it has ended.
 */
export function inCluster(around: Surroundings): BucketSteps {
  const { keys, lifetime } = around;
  const queues = userQueues();

  const onSecret = (
    client: RedisClient,
    script: string,
    hashed: string,
    args: readonly (string | number)[],
    teller = around.node,
  ) => runScript(client, script, [keys.secret(hashed)], [around.now(), teller, ...args]);

  const idOf = (bucket: number, number: string) => String(bucket * IDS_OF_A_BUCKET + Number(number));

  /** Ends secrets in favour of a session. `teller`: who need not be told. */
  async function endAll(
    client: RedisClient,
    hashes: readonly string[],
    deadline: number,
    id: string,
    teller = '',
  ): Promise<void> {
    const args = [deadline, 'evicted', id];
    await Promise.all(hashes.map((hashed) => onSecret(client, 'sessionInitEnd', hashed, args, teller)));
  }

  async function admit(client: RedisClient, bucket: number, user: string, hashed: string) {
    const args = admissionArgs(around, around.now(), user, hashed);
    const answer = await runForUser(around, client, 'sessionInitAdmit', bucket, args);
    const [outcome, number, created, evicted, owed, lapsed, deadline] = answer as [
      outcome: string,
      ...[number: string, created: string, evicted: string[], owed: string[], lapsed: string[], deadline: number],
    ];
    if (outcome === 'late') throw late();
    const admission: Admission | undefined =
      outcome === 'created' ? { number, created, evicted, owed, deadline } : undefined;
    return { admission, lapsed };
  }

  /** Admits, if need be after what was left half-made no longer takes a place. */
  async function admitOrRefuse(client: RedisClient, bucket: number, user: string, hashed: string) {
    const { admission, lapsed } = await admit(client, bucket, user, hashed);
    if (lapsed.length === 0) return admission;
    if (admission !== undefined) {
      around.inBackground(() => resolveAll(client, bucket, lapsed));
      return admission;
    }
    await resolveAll(client, bucket, lapsed);
    return (await admit(client, bucket, user, hashed)).admission;
  }

  async function activate(
    client: RedisClient,
    id: string,
    hashed: string,
    request: SessionRequest,
    { created, deadline }: Admission,
  ) {
    const rest = `${request.ipAddress} ${request.user}`;
    const args = [deadline, id, created, rest];
    const held = (await onSecret(client, 'sessionInitActivate', hashed, args)) as string;
    if (held === 'late' || held === 'abandoned') throw late();
    // A session that was evicted before it was valid was created, too: who evicted it was told so.
    return held === 'ended' ? `${id} ${created} ${around.now()} ${rest}` : held;
  }

  /** `used`: when it was used last; without it, it may have been at any time until now. */
  function settle(
    client: RedisClient,
    bucket: number,
    number: string,
    hashed: string,
    paid: readonly string[],
    used: number | '' = '',
  ) {
    return runInBucket(around, client, 'sessionInitSettle', bucket, [number, hashed, paid.join(''), used]);
  }

  /** With `'ending'` it is to end from now on; with a hash, too, only if it has that secret. */
  async function locate(
    client: RedisClient,
    bucket: number,
    number: string,
    ...ending: readonly string[]
  ): Promise<Located | undefined> {
    const located = await runInBucket(around, client, 'sessionInitLocate', bucket, [number, ...ending]);
    if (located === null) return undefined;
    const [hashed, aim, owed, deadline] = located as [string, Located['aim'], string, number];
    return { hashed, aim, owed: split(owed), deadline };
  }

  /**
   * Ends a session of which that is decided. `teller`: who need not be told.
   *
   * @returns false if it has got a fresh secret meanwhile
   */
  async function end(
    client: RedisClient,
    bucket: number,
    number: string,
    { hashed, owed, deadline }: Located,
    teller = '',
  ): Promise<boolean> {
    await endAll(client, owed, deadline, idOf(bucket, number));
    await onSecret(client, 'sessionInitEnd', hashed, [deadline, 'removed', ''], teller);
    return (await runInBucket(around, client, 'sessionInitDrop', bucket, [number, hashed])) === 1;
  }

  /** Sees to a session that was left half-made: either it becomes what it was to be, or it never does. */
  async function resolve(client: RedisClient, bucket: number, number: string): Promise<void> {
    const located = await locate(client, bucket, number);
    if (located === undefined || located.aim === '') return;
    if (located.aim === '-') return void (await end(client, bucket, number, located));
    const { hashed, owed, deadline } = located;
    await endAll(client, owed, deadline, idOf(bucket, number));
    const held = (await onSecret(client, 'sessionInitFence', hashed, [deadline])) as string;
    const session = readSession(held);
    if (session === undefined) await runInBucket(around, client, 'sessionInitDrop', bucket, [number, hashed]);
    else await settle(client, bucket, number, hashed, owed, Number(session.last_accessed));
  }

  async function resolveAll(client: RedisClient, bucket: number, numbers: readonly string[]): Promise<void> {
    await Promise.all(numbers.map((number) => resolve(client, bucket, number)));
  }

  /** Ends a creation that nobody waits for. */
  async function abandon(client: RedisClient, bucket: number, number: string, hashed: string): Promise<void> {
    const located = await locate(client, bucket, number, 'ending', hashed);
    if (located?.hashed === hashed) await end(client, bucket, number, located, around.node);
  }

  const create: BucketSteps['create'] = async (client, request, secret, call) => {
    const bucket = bucketOf(request.user);
    const hashed = hashedSecret(secret);
    call.throwIfAborted();
    const admission = await admitOrRefuse(client, bucket, request.user, hashed);
    if (admission === undefined) return { outcome: 'limitReached' };
    const { number, evicted, owed, deadline } = admission;
    const id = idOf(bucket, number);
    try {
      await endAll(client, owed, deadline, id, around.node);
      call.throwIfAborted();
      const session = readSession(await activate(client, id, hashed, request, admission));
      if (session === undefined) throw new BackendFaultError('Redis has answered a creation without a session.');
      around.inBackground(() => settle(client, bucket, number, hashed, owed));
      call.throwIfAborted();
      return {
        outcome: 'created',
        session: new FullAuthSession({ ...session, session_secret: secret }),
        ...(evicted.length > 0 && { evicted: evicted.map(Number) }),
      };
    } catch (cause) {
      around.inBackground(() => abandon(client, bucket, number, hashed));
      throw cause;
    }
  };

  return {
    // Where any number is allowed, none has to see to another.
    create:
      lifetime.limitPolicy === 'allow'
        ? create
        : (client, request, secret, call) => queues.run(request.user, () => create(client, request, secret, call)),

    async refresh(client, { bucket, number }) {
      let last: unknown;
      for (;;) {
        const hashed = await runInBucket(around, client, 'sessionInitTouch', bucket, [String(number)]);
        // Where it is another than before, the session has got a fresh secret meanwhile.
        if (typeof hashed !== 'string' || hashed === last) return undefined;
        last = hashed;
        const text = await onSecret(client, 'sessionInitUse', hashed, []);
        const session = readSession(text as string | null);
        if (session !== undefined) return session;
      }
    },

    async remove(client, { bucket, number }) {
      const name = String(number);
      for (;;) {
        const located = await locate(client, bucket, name, 'ending');
        if (located === undefined) return false;
        if (await end(client, bucket, name, located, around.node)) return true;
      }
    },

    resolve: resolveAll,
  };
}

function split(hashes: string): string[] {
  return Array.from({ length: hashes.length / HASH_LENGTH }, (_, i) =>
    hashes.slice(i * HASH_LENGTH, (i + 1) * HASH_LENGTH),
  );
}

function late(): DeadlineExceededError {
  return new DeadlineExceededError(
    'A creation came too late: its time was over. If that happens often, the clocks of the servers are apart.',
  );
}
