/** Work for users, one after the other for each. */
export interface UserQueues {
  run<Result>(user: string, work: () => Promise<Result>): Promise<Result>;
}

/**
 * Creations of one user stand in a line on each node, since in a cluster each would have to see to those that are under
 * way: a thousand at once would be a million steps.
 */
export function userQueues(): UserQueues {
  const last = new Map<string, Promise<unknown>>();
  return {
    async run(user, work) {
      const running = (last.get(user) ?? Promise.resolve()).then(work, work);
      last.set(user, running);
      try {
        return await running;
      } finally {
        if (last.get(user) === running) last.delete(user);
      }
    },
  };
}
