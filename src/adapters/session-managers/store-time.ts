import type { Clock } from '../../model/clock.js';

/** After so many milliseconds the store's time is read again, beside the calls. */
const REREAD_AFTER = 30_000;

/** By so many milliseconds the machine's two clocks may part before it counts as suspended, or its wall clock as set. */
const LARGEST_LEAP = 1_000;

/** The time of a store that several nodes share. */
export interface StoreTime {
  /**
   * To be awaited before {@link StoreTime.now}: the first reading of the store's time. It is undefined, and costs nothing,
   * where the store's time is known; a new reading is then taken beside the calls every 30 seconds.
   *
   * @throws whatever the reading throws
   */
  ready(): Promise<void> | undefined;
  /** In whole milliseconds since the epoch. It never goes back. */
  now(): number;
}

/**
 * Time by the clock of the store, so that all nodes agree on it, whatever their own clocks show. Between readings it goes
 * on by the monotonic clock of this machine.
 *
 * A reading says that the store's clock stood at its answer somewhere between the time of its question and that of its
 * answer. What was known is moved into those bounds and no further: a slow answer says little, and does no harm. Where the
 * store's clock is behind, since it was set back or another server has taken over, time goes on at half its pace until
 * the store has caught up. After a machine was suspended nothing is known until the next reading.
 *
 * @param read - asks the store for its time, in milliseconds since the epoch
 */
export function storeTime(read: () => Promise<number>, clock: Clock): StoreTime {
  /** What must be added to the monotonic clock. */
  let offset: number | undefined;
  let readAt = 0;
  let wallClockOffset = 0;
  let reading: Promise<void> | undefined;
  let latest = Number.NEGATIVE_INFINITY;
  let latestAt = 0;

  async function takeReading(): Promise<void> {
    const asked = clock.monotonic();
    const time = await read();
    const answered = clock.monotonic();
    const [least, greatest] = [time - answered, time - asked];
    const known = isLeap() ? undefined : offset;
    offset = known === undefined ? (least + greatest) / 2 : Math.min(Math.max(known, least), greatest);
    readAt = answered;
    wallClockOffset = clock.now() - answered;
  }

  function isLeap(): boolean {
    return Math.abs(clock.now() - clock.monotonic() - wallClockOffset) > LARGEST_LEAP;
  }

  function readOnce(): Promise<void> {
    reading ??= takeReading().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  return {
    ready() {
      if (offset === undefined || isLeap()) return readOnce();
      // A reading that fails leaves what is known, and the next call tries again: what is wrong shows in the call itself.
      if (clock.monotonic() - readAt >= REREAD_AFTER) readOnce().catch(() => {});
      return undefined;
    },
    now() {
      const monotonic = clock.monotonic();
      const slowest = latest + (monotonic - latestAt) / 2;
      latest = Math.max(monotonic + (offset ?? Number.NEGATIVE_INFINITY), slowest);
      latestAt = monotonic;
      return Math.floor(latest);
    },
  };
}
