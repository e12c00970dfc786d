import { OverloadedError } from '../../model/errors.js';

/** Options of {@link hashingQueue}. */
export interface HashingQueueOptions {
  /** How many tasks run at once. */
  concurrency: number;
  /** How many more may wait for their turn. */
  maxQueued: number;
}

/**
 * Runs a task as soon as there is room, first come, first served. A task whose signal is aborted before its turn never
 * runs and frees its place at once.
 */
export type HashingQueue = <T>(task: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Bounds how much is hashed at once and how much waits for it.
 *
 * @returns a function that rejects with an `OverloadedError` if the queue is full, and with the signal's reason if that
 *   is aborted before the task's turn has come
 */
export function hashingQueue({ concurrency, maxQueued }: HashingQueueOptions): HashingQueue {
  let running = 0;
  // A set keeps the order of insertion and lets one leave from the middle at no cost.
  const waiting = new Set<() => void>();

  function turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        waiting.delete(start);
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.delete(start);
        reject(signal.reason);
      };
      waiting.add(start);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  return async (task, signal) => {
    signal.throwIfAborted();
    if (running < concurrency) running += 1;
    else if (waiting.size < maxQueued) await turn(signal);
    else throw new OverloadedError(`${maxQueued} secrets wait to be verified already. Try again later.`);
    try {
      return await task();
    } finally {
      // The place goes straight to the next in the queue, so that nobody who comes now gets in between.
      const [next] = waiting;
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
