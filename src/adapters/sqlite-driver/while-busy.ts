import type { Clock } from '../../model/clock.js';
import { BackendFaultError } from '../../model/errors.js';
import { type Abortable, abortableOf, type HasSignal, LazyAbortController } from '../../model/lazy-signal.js';
import { isBusy } from './driver.js';

/** It never goes. */
const NOBODY = new LazyAbortController();

const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 50;

export interface WhileBusyOptions {
  clock: Clock;
  /** How long another process may have the database locked, in milliseconds. */
  patience: number;
  caller?: HasSignal | undefined;
  /** Shared by all calls on one database. */
  queue?: BusyQueue;
}

/** While a database is locked, one call asks again and again; the others wait behind it, and cost nothing. */
export interface BusyQueue {
  /** Pending while a call asks. */
  asking?: Promise<void> | undefined;
}

/**
 * Runs a synchronous piece of work on the database, again and again for as long as another process has it locked. In
 * between the event loop is free. Nothing is tried once the caller has gone.
 *
 * @throws BackendFaultError if the database is still locked when patience is over; the reason of the caller's signal; or what `work` throws
 */
export async function whileBusy<Result>(work: () => Result, options: WhileBusyOptions): Promise<Result> {
  const { clock, patience, queue = {} } = options;
  const caller = abortableOf(options.caller ?? NOBODY);
  const start = clock.monotonic();
  while (queue.asking !== undefined) await settledOrAborted(queue.asking, caller);
  caller.throwIfAborted();
  let isAsking = false;
  let release = () => {};
  try {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      caller.throwIfAborted();
      try {
        return work();
      } catch (cause) {
        if (!isBusy(cause)) throw cause;
        if (clock.monotonic() - start >= patience) {
          throw new BackendFaultError(`Another process has had the database locked for ${patience} ms.`, {
            cause,
          });
        }
      }
      if (!isAsking) {
        isAsking = true;
        queue.asking = new Promise((resolve) => {
          release = resolve;
        });
      }
      // Of random length, so that processes that wait for each other do not go on meeting.
      await wait(clock, pause * (0.5 + Math.random() / 2), caller);
    }
  } finally {
    if (isAsking) queue.asking = undefined;
    release();
  }
}

async function settledOrAborted(asking: Promise<void>, caller: Abortable): Promise<void> {
  caller.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<void>((resolve) => {
    abort = resolve;
    caller.onAbort(abort);
  });
  await Promise.race([asking, aborted]);
  caller.offAbort(abort);
  caller.throwIfAborted();
}

/** Resolves after so many milliseconds, or as soon as the caller has gone. */
function wait(clock: Clock, milliseconds: number, caller: Abortable): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clock.clearTimeout(timer);
      caller.offAbort(done);
      resolve();
    };
    const timer = clock.setTimeout(done, milliseconds);
    caller.onAbort(done);
  });
}
