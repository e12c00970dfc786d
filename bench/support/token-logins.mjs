import { timed } from '../harness/timed.mjs';

const AT_ONCE = 64;

/** Users authenticated by their tokens, one by one and many at once. What is fetched once is there before. */
export async function tokenLogins(tokens, authenticate, milliseconds) {
  let next = 0;

  async function verify() {
    const { user, token } = tokens[next++ % tokens.length];
    if ((await authenticate(user, token)) !== user) throw new Error(`${user} was to be authenticated.`);
  }

  async function atOnce(calls) {
    await Promise.all(Array.from({ length: calls }, verify));
    return calls;
  }

  await verify();
  return {
    'one by one': () => timed(milliseconds, () => atOnce(1)),
    [`${AT_ONCE} at once`]: () => timed(milliseconds, () => atOnce(AT_ONCE)),
  };
}
