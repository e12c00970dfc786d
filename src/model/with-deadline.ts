import type { Clock } from './clock.js';
import { EitherSignal } from './either-signal.js';
import { DeadlineExceededError } from './errors.js';
import { type Abortable, type HasSignal, LazyAbortController } from './lazy-signal.js';

/**
 * Calls a backend under a deadline. The call's signal is aborted when the deadline passes; whether the backend heeds it
 * or not, the caller waits no longer.
 *
 * @param call - what is called, for the error message: `redis.findBySecret`
 * @param caller - whose signal aborts that of the call, too; `run` settles then as it sees fit
 * @throws DeadlineExceededError if `run` has not settled within `milliseconds`
 */
export function withDeadline<Result>(
  clock: Clock,
  milliseconds: number,
  call: string,
  run: (deadline: Abortable) => Promise<Result>,
  caller?: HasSignal,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const deadline = new LazyAbortController();
    const timer = clock.setTimeout(() => {
      const error = new DeadlineExceededError(`${call} did not answer within ${milliseconds} ms.`);
      reject(error);
      deadline.abort(error);
    }, milliseconds);
    const settling =
      <Value>(settle: (value: Value) => void) =>
      (value: Value) => {
        clock.clearTimeout(timer);
        either?.release();
        settle(value);
      };
    const either = caller && new EitherSignal(caller, deadline);
    begin(run, either ?? deadline).then(settling(resolve), settling(reject));
  });
}

/** What it throws at once is a rejection, too. */
function begin<Result>(run: (deadline: Abortable) => Promise<Result>, deadline: Abortable): Promise<Result> {
  try {
    return Promise.resolve(run(deadline));
  } catch (error) {
    return Promise.reject(error);
  }
}
