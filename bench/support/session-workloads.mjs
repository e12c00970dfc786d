import { timed } from '../harness/timed.mjs';

/** So many that none reaches a limit of 100 while the case runs: what is measured would change on the way. */
const USERS = 20_000;
const SESSIONS = 2_000;
const AT_ONCE = [1, 64, 512];

/**
 * The workloads of a case in which sessions are created and found, one by one and many at once.
 *
 * @param {Record<string, (user: string) => Promise<{ user: string, secret: string }>>} creations - each by its name; the
 *   first one also creates the sessions that are found
 * @param {(secret: string) => Promise<{ user: string } | undefined>} find
 */
export async function sessionWorkloads(milliseconds, creations, find) {
  const [create] = Object.values(creations);
  const secrets = [];
  // Of users who do not come again: theirs are not evicted.
  for (let i = 0; i < SESSIONS; i++) secrets.push((await create(`user-to-find-${i}`)).secret);
  let next = 0;
  const asks = {
    ...Object.fromEntries(
      Object.entries(creations).map(([name, create]) => [name, () => create(`user-${next++ % USERS}`)]),
    ),
    'a session found by its secret': () => find(secrets[next++ % SESSIONS]),
  };
  const workloads = {};
  for (const [name, ask] of Object.entries(asks)) {
    for (const calls of AT_ONCE) {
      workloads[`${name}, ${calls === 1 ? 'one by one' : `${calls} at once`}`] = () =>
        timed(milliseconds, async () => {
          const found = await Promise.all(Array.from({ length: calls }, ask));
          if (found.some((session) => !session?.user.startsWith('user-'))) throw new Error('No session has come.');
          return calls;
        });
    }
  }
  return workloads;
}
