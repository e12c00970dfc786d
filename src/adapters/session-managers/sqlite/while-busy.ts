import type { Clock } from '../../../model/clock.js';
import { BackendFaultError } from '../../../model/errors.js';
import { isBusy } from './driver.js';

const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 50;

export interface WhileBusyOptions {
  clock: Clock;
  /** How long another process may have the database locked, in milliseconds. */
  patience: number;
  signal?: AbortSignal | undefined;
}

/**
 * Runs a synchronous piece of work on the database, again and again for as long as another process has it locked. In
 * between the event loop is free. Nothing is tried once the signal is aborted.
 *
 * @throws BackendFaultError if the database is still locked when patience is over; the signal's reason; or what `work` throws
 */
export async function whileBusy<Result>(work: () => Result, options: WhileBusyOptions): Promise<Result> {
  const { clock, patience, signal } = options;
  const start = clock.monotonic();
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    signal?.throwIfAborted();
    try {
      return work();
    } catch (cause) {
      if (!isBusy(cause)) throw cause;
      if (clock.monotonic() - start >= patience) {
        throw new BackendFaultError(`Another process has had the session database locked for ${patience} ms.`, {
          cause,
        });
      }
    }
    // Of random length, so that processes that wait for each other do not go on meeting.
    await wait(clock, pause * (0.5 + Math.random() / 2), signal);
  }
}

/** Resolves after so many milliseconds, or as soon as the signal is aborted. */
function wait(clock: Clock, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done, { once: true });
  });
}
