import { timed } from '../harness/timed.mjs';

/** How many users a server of these cases has: `user-0` with the secret `marked-user-secret-0`, and so on. */
export const USERS = 200;
const AT_ONCE = 64;

/**
 * The workloads of a case in which one user after the other is verified, one by one and many at once.
 *
 * @param {(username: string, secret: string) => Promise<string | undefined>} authenticate - returns who it is
 */
export function loginWorkloads(milliseconds, authenticate) {
  let next = 0;

  async function verify() {
    const index = next++ % USERS;
    const user = await authenticate(`user-${index}`, `marked-user-secret-${index}`);
    if (user !== `user-${index}`) throw new Error(`user-${index} was to be authenticated.`);
  }

  async function atOnce(calls) {
    await Promise.all(Array.from({ length: calls }, verify));
    return calls;
  }

  return {
    'one by one': () => timed(milliseconds, () => atOnce(1)),
    [`${AT_ONCE} at once`]: () => timed(milliseconds, () => atOnce(AT_ONCE)),
  };
}
