import { availableParallelism } from 'node:os';
import { OverloadedError } from '../../model/errors.js';
import { abortableOf, type HasSignal } from '../../model/lazy-signal.js';
import { Slots } from '../../model/slots.js';

/** Options of {@link hashingQueue}. */
export interface HashingQueueOptions {
  /** How many tasks run at once. */
  concurrency: number;
  /** How many more may wait for their turn. */
  maxQueued: number;
}

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
 * @returns a function that rejects with an `OverloadedError` if the queue is full, and with the signal's reason if that
 *   is aborted before the task's turn has come
 */
export function hashingQueue({ concurrency, maxQueued }: HashingQueueOptions): HashingQueue {
  const slots = new Slots(concurrency);
  return async (task, caller) => {
    abortableOf(caller).throwIfAborted();
    if (!slots.take()) {
      if (slots.waiting >= maxQueued) {
        throw new OverloadedError(`${maxQueued} secrets wait to be verified already. Try again later.`);
      }
      await slots.acquire(caller);
    }
    try {
      return await task();
    } finally {
      slots.release();
    }
  };
}
