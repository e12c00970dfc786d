import type { Clock } from '../model/clock.js';

/**
 * The time that sessions live by: the wall clock, but for one thing: it never goes back. Where the wall clock is set
 * back, time goes on from where it was, by the monotonic clock. So a session that has ended stays ended, one that lives
 * keeps its due time, and no session is "last used" before it was created. Where the wall clock leaps ahead, time
 * follows: a machine that was suspended has aged its sessions too.
 *
 * The price: after the wall clock was set back, the times of sessions are ahead of it until the process is restarted.
 *
 * @returns the time in whole milliseconds since the epoch
 */
export function sessionTime(clock: Clock): () => number {
  let offset = Number.NEGATIVE_INFINITY;
  let latest = Number.NEGATIVE_INFINITY;
  return () => {
    const wallClock = clock.now();
    const monotonic = clock.monotonic();
    // Rounded so that fractions of a millisecond never put this ahead of a wall clock that was not set back.
    offset = Math.max(offset, wallClock - Math.ceil(monotonic));
    latest = Math.max(latest, wallClock, Math.floor(monotonic) + offset);
    return latest;
  };
}
