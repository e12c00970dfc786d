import type { FullAuthSession } from '../../../model/session.js';
import type { RedisClient } from '../../redis-client/open-client.js';
import type { BucketSteps } from './bucket-steps.js';
import { BUCKETS, bucketOf, HASH_LENGTH, type Keys, type Place, placeOf } from './keys.js';
import { readSession } from './stored-session.js';
import { runForUser, runInBucket, type Surroundings } from './surroundings.js';

/** So many buckets are asked at once. */
const AT_ONCE = 128;

/** A session as its bucket knows it. */
interface Entry {
  readonly number: number;
  /** Of its secret. */
  readonly hashed: string;
}

/** The live session at the hash of a secret, by one GET. */
export async function findByHash(
  { keys, lifetime, now }: Surroundings,
  client: RedisClient,
  hashed: string,
): Promise<FullAuthSession | undefined> {
  const session = readSession(await client.get(keys.secret(hashed)));
  return session !== undefined && lifetime.endsAt(Number(session.created), Number(session.last_accessed)) > now()
    ? session
    : undefined;
}

export async function findByPlace(
  around: Surroundings,
  client: RedisClient,
  { bucket, number }: Place,
): Promise<FullAuthSession | undefined> {
  let hashed: string | undefined;
  for (;;) {
    const [member] = await client.zrangebyscore(around.keys.ids(bucket), number, number);
    const current = member?.slice(0, HASH_LENGTH);
    // Where it is no longer the same, the session has got a fresh secret meanwhile.
    if (current === undefined || current === hashed) return undefined;
    hashed = current;
    const session = await findByHash(around, client, hashed);
    if (session !== undefined) return session;
  }
}

/** The live sessions of a user after an id. */
export function listOfUser(
  around: Surroundings,
  client: RedisClient,
  user: string,
  after: number,
  limit: number,
): Promise<FullAuthSession[]> {
  const bucket = bucketOf(user);
  return liveOnes(around, client, numberAfter(bucket, after), limit, async (number, wanted) => {
    const args = [user, number, wanted] as const;
    const entries = (await runForUser(around, client, 'sessionInitOfUser', bucket, args)) as [string, string][];
    return entries.map(([number, hashed]) => ({ number: Number(number), hashed }));
  });
}

/** The live sessions of all users after an id. Ids go up by bucket, so bucket after bucket is asked. */
export async function listOfAll(
  around: Surroundings,
  client: RedisClient,
  after: number,
  limit: number,
): Promise<FullAuthSession[]> {
  const sessions: FullAuthSession[] = [];
  for (let start = placeOf(after).bucket; start < BUCKETS && sessions.length < limit; start += AT_ONCE) {
    const buckets = Array.from({ length: Math.min(AT_ONCE, BUCKETS - start) }, (_, i) => start + i);
    for (const bucket of await filledBuckets(around, client, buckets, around.keys.ids, ['-inf', '+inf'])) {
      const wanted = limit - sessions.length;
      if (wanted === 0) break;
      const pageOf = (number: number, size: number) => entriesOf(around, client, bucket, number, size);
      sessions.push(...(await liveOnes(around, client, numberAfter(bucket, after), wanted, pageOf)));
    }
  }
  return sessions;
}

/** Those of `buckets` that have a session whose score in a sorted set is in a range. */
async function filledBuckets(
  { keys }: Surroundings,
  client: RedisClient,
  buckets: readonly number[],
  setOf: Keys['ids'],
  [least, greatest]: readonly [string, string | number],
): Promise<number[]> {
  const counts = await Promise.all(buckets.map((bucket) => client.zcount(setOf.call(keys, bucket), least, greatest)));
  return buckets.filter((_, i) => counts[i] !== 0);
}

async function entriesOf(
  { keys }: Surroundings,
  client: RedisClient,
  bucket: number,
  after: number,
  limit: number,
): Promise<Entry[]> {
  const range = [keys.ids(bucket), `(${after}`, '+inf', 'WITHSCORES', 'LIMIT', 0, limit] as const;
  const found = await client.zrangebyscore(...range);
  return found.flatMap((member, i) =>
    i % 2 === 0 ? [{ hashed: member.slice(0, HASH_LENGTH), number: Number(found[i + 1]) }] : [],
  );
}

/** Asks for page after page until there are as many live sessions as wanted, or no more. */
async function liveOnes(
  around: Surroundings,
  client: RedisClient,
  after: number,
  limit: number,
  pageOf: (after: number, size: number) => Promise<Entry[]>,
): Promise<FullAuthSession[]> {
  const live: FullAuthSession[] = [];
  for (let last = after; live.length < limit; ) {
    const wanted = limit - live.length;
    const page = await pageOf(last, wanted);
    const found = await Promise.all(page.map(({ hashed }) => findByHash(around, client, hashed)));
    live.push(...found.filter((session) => session !== undefined));
    const end = page.at(-1);
    if (end === undefined || page.length < wanted) break;
    last = end.number;
  }
  return live;
}

/** After which number the sessions of a bucket are that come after an id. */
function numberAfter(bucket: number, id: number): number {
  const place = placeOf(id);
  return place.bucket === bucket ? place.number : 0;
}

/** Ends what is over, at most `limit`, and gives back what of it can still be read. */
export async function removeExpired(
  around: Surroundings,
  client: RedisClient,
  limit: number,
  resolve: BucketSteps['resolve'],
): Promise<FullAuthSession[]> {
  const removed: FullAuthSession[] = [];
  let count = 0;
  const shift = Math.floor(Math.random() * BUCKETS);
  for (let start = 0; start < BUCKETS && count < limit; start += AT_ONCE) {
    const buckets = Array.from({ length: AT_ONCE }, (_, i) => (shift + start + i) % BUCKETS);
    const due = await filledBuckets(around, client, buckets, around.keys.ends, ['-inf', around.now()]);
    for (const bucket of due) {
      if (count === limit) break;
      const answer = await runInBucket(around, client, 'sessionInitSweep', bucket, [limit - count]);
      const [expired, lapsed] = answer as [string[], string[]];
      if (lapsed.length > 0) around.inBackground(() => resolve(client, bucket, lapsed));
      count += expired.length;
      const texts = await Promise.all(expired.map((hashed) => client.getdel(around.keys.secret(hashed))));
      removed.push(...texts.map(readSession).filter((session) => session !== undefined));
    }
  }
  return removed;
}
