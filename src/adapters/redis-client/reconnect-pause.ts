const LONGEST = 2_000;

/**
 * Milliseconds before the next attempt to connect: twice as many each time, and by chance less, so that the nodes of a
 * service do not come all at once.
 */
export function reconnectPause(attempts: number): number {
  return Math.min(LONGEST, 25 * 2 ** Math.min(attempts, 10)) * (0.5 + Math.random() / 2);
}
