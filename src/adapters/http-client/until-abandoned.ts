import { EventEmitter } from 'node:events';
import type { Clock } from '../../model/clock.js';
import { DeadlineExceededError } from '../../model/errors.js';
import { abortableOf, type HasSignal } from '../../model/lazy-signal.js';

/** For how long an answer is waited for, and by whom. */
export interface Patience {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeout: number;
  /** Its signal is aborted when the caller has gone. */
  readonly caller: HasSignal;
}

/** Emits `abort` when nobody waits any more, as undici heeds it. An `AbortSignal` would take as long as a tenth of a request. */
export class Abandonment extends EventEmitter {
  aborted = false;
  reason: unknown;

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    this.emit('abort');
  }
}

/**
 * Waits for `work` until the deadline passes or the caller has gone. It is `withDeadline` with a second reason to stop, and
 * without `AbortSignal.any`, which takes as long as a third of a request.
 *
 * @param what - what is waited for, for the error message
 * @throws DeadlineExceededError if `work` has not settled in time
 * @throws the reason of the caller's signal if that is aborted
 */
export function untilAbandoned<Result>(
  what: string,
  { clock, timeout, caller: options }: Patience,
  work: (abandonment: Abandonment) => Promise<Result>,
): Promise<Result> {
  const caller = abortableOf(options);
  return new Promise((resolve, reject) => {
    caller.throwIfAborted();
    const abandonment = new Abandonment();
    const end = () => {
      clock.clearTimeout(timer);
      caller.offAbort(leave);
    };
    const abandon = (reason: unknown) => {
      end();
      reject(reason);
      abandonment.abort(reason);
    };
    const leave = () => abandon(caller.signal.reason);
    const timer = clock.setTimeout(
      () => abandon(new DeadlineExceededError(`${what} did not answer within ${timeout} ms.`)),
      timeout,
    );
    caller.onAbort(leave);
    const settling =
      <Value>(settle: (value: Value) => void) =>
      (value: Value) => {
        end();
        settle(value);
      };
    work(abandonment).then(settling(resolve), settling(reject));
  });
}
