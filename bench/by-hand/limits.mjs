import { Refusal } from './refusal.mjs';

const requestTimedOut = new Refusal('requestTimedOut', 'REQUEST_TIMED_OUT', 'request_timed_out');
const cancelled = new Refusal('refused', 'OTHER', 'cancelled');

/**
 * The limits of one attempt: a deadline for the whole, one for each phase, and the caller, who may go away. Whichever
 * comes first, the phase under way is left, and the signal that its backend was given is aborted.
 *
 * @param {number} milliseconds - for the whole
 * @param {AbortSignal | undefined} caller
 */
export function attemptLimits(milliseconds, caller) {
  const controller = new AbortController();
  let leavePhase;
  let ended;

  function stop(refusal) {
    ended ??= refusal;
    leavePhase?.(ended);
    controller.abort();
  }

  const timer = setTimeout(stop, milliseconds, requestTimedOut);
  const cancel = () => stop(cancelled);
  if (caller?.aborted) cancel();
  else caller?.addEventListener('abort', cancel, { once: true });

  return {
    /** What `run` comes to; or, if that takes longer than so many milliseconds, `timedOut` is thrown. */
    phase(milliseconds, timedOut, run) {
      return new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(ended);
        const phaseTimer = setTimeout(stop, milliseconds, timedOut);
        const answer = (value) => {
          clearTimeout(phaseTimer);
          resolve(value);
        };
        leavePhase = (error) => {
          clearTimeout(phaseTimer);
          reject(error);
        };
        try {
          run(controller.signal).then(answer, leavePhase);
        } catch (error) {
          leavePhase(error);
        }
      });
    },

    end() {
      clearTimeout(timer);
      caller?.removeEventListener('abort', cancel);
    },
  };
}
