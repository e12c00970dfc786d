import { abortableOf, type HasSignal } from '../../model/lazy-signal.js';

/**
 * Waits for what several wait for, each as long as they like.
 *
 * @throws the reason of the caller's signal, if that is aborted first
 */
export function unlessAborted<Result>(result: Promise<Result>, caller: HasSignal): Promise<Result> {
  const call = abortableOf(caller);
  return new Promise((resolve, reject) => {
    const abort = () => reject(call.signal.reason);
    result.then(resolve, reject).finally(() => call.offAbort(abort));
    if (call.isAborted) return abort();
    call.onAbort(abort);
  });
}
