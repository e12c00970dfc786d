import { type Clock, systemClock } from '../../model/clock.js';
import {
  ClosedError,
  ConfigurationError,
  DeadlineExceededError,
  DefectError,
  MissingPackageError,
  OverloadedError,
} from '../../model/errors.js';
import { type Abortable, abortableOf } from '../../model/lazy-signal.js';
import { Slots } from '../../model/slots.js';
import { withDeadline } from '../../model/with-deadline.js';
import type { CallOptions } from '../ports.js';
import { type CircuitBreaker, circuitBreaker } from './circuit-breaker.js';
import { type Cockatiel, loadCockatiel } from './load-cockatiel.js';
import { neverReached } from './never-reached.js';
import type { ResilienceOptions } from './resilience-options.js';

/** Stands before the calls of one backend. */
export interface CallGuard {
  /** @throws MissingPackageError if a package is needed and not installed */
  open(): Promise<void>;
  call<Outcome>(run: (options: CallOptions) => Promise<Outcome>, options: CallOptions): Promise<Outcome>;
  close(): void;
}

/** What calls go through, once it is loaded. */
interface Parts {
  readonly breaker: CircuitBreaker | undefined;
  readonly cockatiel: Cockatiel | undefined;
}

/** Puts a bound, a breaker, retries and a deadline around calls, from the outside in. */
export function callGuard(name: string, options: ResilienceOptions): CallGuard {
  const { deadline = 4_000, breaker = {}, maxConcurrent = 64, maxQueued = 256, retries = 0 } = options;
  const { retryDelay = 100, retryWhen = neverReached, onStateChange = () => {}, clock = systemClock } = options;
  const slots = new Slots(maxConcurrent);
  let loading: Promise<Parts> | undefined;
  let isClosed = false;

  async function load(): Promise<Parts> {
    if (breaker === false && retries === 0) return { breaker: undefined, cockatiel: undefined };
    const cockatiel = await loadCockatiel();
    const surroundings = { backend: name, clock, onStateChange: heedless(onStateChange) };
    return { cockatiel, breaker: breaker === false ? undefined : circuitBreaker(cockatiel, breaker, surroundings) };
  }

  function loaded(): Promise<Parts> {
    loading ??= load().catch((cause: unknown) => {
      loading = undefined;
      throw cause;
    });
    return loading;
  }

  async function takePlace(caller: CallOptions): Promise<void> {
    if (slots.take()) return;
    if (slots.waiting >= maxQueued) {
      throw new OverloadedError(
        `${name}: ${maxConcurrent} calls are under way and ${maxQueued} wait. Try again later.`,
      );
    }
    await slots.acquire(caller);
  }

  /** One call. The one that tries a backend goes on without its caller, so that something comes of it in any case. */
  function attempt<Outcome>(
    run: (options: CallOptions) => Promise<Outcome>,
    caller: CallOptions,
    { breaker }: Parts,
  ): Promise<Outcome> {
    if (isClosed) throw new ClosedError(name);
    const call = (isTrial: boolean) => withDeadline(clock, deadline, name, run, isTrial ? undefined : caller);
    return breaker === undefined
      ? call(false)
      : breaker.run(call, (error) => isFailure(error) && !abortableOf(caller).isAborted);
  }

  async function callWithRetries<Outcome>(
    run: (options: CallOptions) => Promise<Outcome>,
    caller: CallOptions,
    parts: Parts,
  ): Promise<Outcome> {
    const factory = parts.cockatiel && new parts.cockatiel.ExponentialBackoff({ initialDelay: retryDelay });
    let backoff = factory?.next();
    for (let left = retries; ; left--) {
      try {
        return await attempt(run, caller, parts);
      } catch (error) {
        const isOver = left === 0 || abortableOf(caller).isAborted || parts.breaker?.isOpen === true;
        if (isOver || backoff === undefined || !mayRetry(error)) throw error;
        await pause(clock, backoff.duration, abortableOf(caller));
        backoff = backoff.next(undefined);
      }
    }
  }

  const mayRetry = (error: unknown) =>
    isFailure(error) && !(error instanceof DeadlineExceededError) && retryWhen(error);

  return {
    async open() {
      await loaded();
    },
    async call(run, caller) {
      if (isClosed) throw new ClosedError(name);
      const parts = await loaded();
      parts.breaker?.check();
      abortableOf(caller).throwIfAborted();
      await takePlace(caller);
      try {
        return await callWithRetries(run, caller, parts);
      } finally {
        slots.release();
      }
    },
    close() {
      isClosed = true;
    },
  };
}

/** Whether an error speaks against the backend. One that is busy is not down, and these others are no backend's. */
function isFailure(error: unknown): boolean {
  return ![OverloadedError, ClosedError, DefectError, MissingPackageError, ConfigurationError].some(
    (kind) => error instanceof kind,
  );
}

function pause(clock: Clock, milliseconds: number, caller: Abortable): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clock.clearTimeout(timer);
      reject(caller.signal.reason);
    };
    const timer = clock.setTimeout(() => {
      caller.offAbort(stop);
      resolve();
    }, milliseconds);
    caller.onAbort(stop);
  });
}

function heedless<Value>(listener: (value: Value) => void): (value: Value) => void {
  return (value) => {
    try {
      listener(value);
    } catch {
      // A listener is not part of the call, and must not make it fail.
    }
  };
}
