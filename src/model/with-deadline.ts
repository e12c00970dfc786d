import type { Clock } from './clock.js';
import { DeadlineExceededError } from './errors.js';

/**
 * Calls a backend under a deadline. The call's signal is aborted when the deadline passes; whether the backend heeds it
 * or not, the caller waits no longer.
 *
 * @param call - what is called, for the error message: `redis.findBySecret`
 * @throws DeadlineExceededError if `run` has not settled within `milliseconds`
 */
export async function withDeadline<Result>(
  clock: Clock,
  milliseconds: number,
  call: string,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  let timer: unknown;
  const deadline = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => {
      const error = new DeadlineExceededError(`${call} did not answer within ${milliseconds} ms.`);
      reject(error);
      controller.abort(error);
    }, milliseconds);
  });
  try {
    return await Promise.race([run(controller.signal), deadline]);
  } finally {
    clock.clearTimeout(timer);
  }
}
