import { setImmediate as turn } from 'node:timers/promises';

const SLICE = 1_000;
const IDLE_TIMEOUT = 1_800_000;

/** Sessions in a `Map`, of which those that are over are removed a thousand at a time, with a turn of the event loop between. */
export function sweepByHand(size, newSecret) {
  const sessions = new Map();
  const longAgo = Date.now() - IDLE_TIMEOUT;
  for (let index = 0; index < size; index++) {
    sessions.set(newSecret().toString('latin1'), { id: index, user: `user-${index}`, lastAccessed: longAgo });
  }
  return {
    async begin() {
      let seen = 0;
      for (const [secret, { lastAccessed }] of sessions) {
        if (Date.now() - lastAccessed >= IDLE_TIMEOUT) sessions.delete(secret);
        if (++seen % SLICE === 0) await turn();
      }
    },
  };
}
