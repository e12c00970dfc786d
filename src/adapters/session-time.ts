import type { Clock } from '../model/clock.js';

/** The time that sessions live by. */
export interface SessionTime {
  /** In whole milliseconds since the epoch. It never goes back. */
  now(): number;
  /** Makes the time at least `time`, and go on from there. For a store that has times from an earlier process. */
  continueFrom(time: number): void;
}

/**
 * Time by the wall clock, but for one thing: it never goes back. Where the wall clock is set back, time goes on from
 * where it was, by the monotonic clock. So a session that has ended stays ended, one that lives keeps its due time, and
 * none is "last used" before it was created. Where the wall clock leaps ahead, time follows: a machine that was
 * suspended has aged its sessions too.
 *
 * The price: after the wall clock was set back, the times of sessions are ahead of it until the process is restarted.
 */
export function sessionTime(clock: Clock): SessionTime {
  let offset = Number.NEGATIVE_INFINITY;
  let latest = Number.NEGATIVE_INFINITY;
  return {
    now() {
      const wallClock = clock.now();
      const monotonic = clock.monotonic();
      // Rounded so that fractions of a millisecond never put this ahead of a wall clock that was not set back.
      offset = Math.max(offset, wallClock - Math.ceil(monotonic));
      latest = Math.max(latest, wallClock, Math.floor(monotonic) + offset);
      return latest;
    },
    continueFrom(time) {
      offset = Math.max(offset, time - Math.ceil(clock.monotonic()));
      latest = Math.max(latest, time);
    },
  };
}
