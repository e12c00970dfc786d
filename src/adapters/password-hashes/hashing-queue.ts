import { availableParallelism } from 'node:os';
import { type Clock, systemClock } from '../../model/clock.js';
import { OverloadedError } from '../../model/errors.js';
import { abortableOf, type HasSignal, LazyAbortController } from '../../model/lazy-signal.js';
import { Slots } from '../../model/slots.js';

/** Options of {@link hashingQueue}. */
export interface HashingQueueOptions {
  /** How many tasks run at once. */
  concurrency: number;
  /** How many more may wait for their turn. */
  maxQueued: number;
  /**
   * Milliseconds that a task may wait: within the deadline of the authentication, its own time included. If all waited until
   * theirs is over, the work would go on for those who are about to give up.
   *
   * @defaultValue 4000, which is within the default deadline
   */
  longestWait?: number;
  /** @defaultValue the system's clock */
  clock?: Clock;
}

/** How much the latest task counts in what is foreseen. */
const WEIGHT = 1 / 16;

/**
 * How much is hashed at once unless somebody says otherwise: one task more than there are cores, so that no core waits for
 * the event loop to hand it the next one; and at most 3, so that one thread of libuv's four is left for files and DNS.
 */
export function defaultConcurrency(): number {
  return Math.min(3, availableParallelism() + 1);
}

/**
 * Runs a task as soon as there is room, first come, first served. A task whose signal is aborted before its turn never
 * runs and frees its place at once.
 */
export type HashingQueue = <T>(task: () => Promise<T>, caller: HasSignal) => Promise<T>;

/**
 * Bounds how much is hashed at once and how much waits for it.
 *
 * @returns a function that rejects with an `OverloadedError` if the queue is full, if those in it take so long that the
 *   task's turn would come too late, or if it does come too late; and with the signal's reason if that is aborted before
 */
export function hashingQueue(options: HashingQueueOptions): HashingQueue {
  const { concurrency, maxQueued, longestWait = 4_000, clock = systemClock } = options;
  const slots = new Slots(concurrency);
  let usualDuration = 0;

  return async (task, caller) => {
    abortableOf(caller).throwIfAborted();
    if (!slots.take()) {
      if (slots.waiting >= maxQueued) {
        throw new OverloadedError(`${maxQueued} secrets wait to be verified already. Try again later.`);
      }
      const wait = ((slots.waiting + 1) * usualDuration) / concurrency;
      if (wait > longestWait) {
        const seconds = Math.ceil(wait / 1_000);
        throw new OverloadedError(`It would take ${seconds} s until the secret is verified. Try again later.`);
      }
      const { waiting, end } = patience(caller, longestWait, clock);
      try {
        await slots.acquire(waiting);
      } finally {
        end();
      }
    }
    const begun = clock.monotonic();
    try {
      return await task();
    } finally {
      usualDuration += WEIGHT * (clock.monotonic() - begun - usualDuration);
      slots.release();
    }
  };
}

/** Aborted when the caller has gone, or when it is too late for a turn. `end` must be called when the wait is over. */
function patience(caller: HasSignal, longestWait: number, clock: Clock) {
  const waiting = new LazyAbortController();
  const given = abortableOf(caller);
  const leave = () => waiting.abort(given.signal.reason);
  const timer = clock.setTimeout(() => {
    waiting.abort(new OverloadedError(`The secret waited for ${longestWait} ms to be verified. Try again later.`));
  }, longestWait);
  given.onAbort(leave);
  const end = () => {
    given.offAbort(leave);
    clock.clearTimeout(timer);
  };
  return { waiting, end };
}
