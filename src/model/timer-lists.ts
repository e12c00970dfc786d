/** A native timer, as far as it is used: Node's has `ref` and `unref`, a browser's is a number. */
type NativeTimer = { ref?: () => unknown; unref?: () => unknown } | number;

/** 24.8 days. The platform's timers fire at once when they are asked for more. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** What timer lists are built on: the platform's timers and its monotonic clock. */
export interface TimerSource {
  monotonic(): number;
  setTimeout(callback: () => void, delay: number): unknown;
}

/** All timers of one duration. They are due in the order in which they were set. */
interface TimerList {
  readonly duration: number;
  first: ListedTimer | undefined;
  last: ListedTimer | undefined;
  /** How many of them keep the process alive. */
  holders: number;
  /** There is one for each list that is in use. It may fire before anything is due, and is then set again. */
  native: NativeTimer | undefined;
}

/** A timer that is set. */
export class ListedTimer {
  readonly due: number;
  readonly callback: () => void;
  /** The list that it is in; none once it has fired or was cleared. */
  list: TimerList | undefined;
  previous: ListedTimer | undefined;
  next: ListedTimer | undefined;
  holdsProcess = true;

  constructor(list: TimerList, due: number, callback: () => void) {
    this.list = list;
    this.due = due;
    this.callback = callback;
    this.previous = list.last;
  }

  /** Lets the process end before it fires, as Node's own timers can. */
  unref(): this {
    if (this.list !== undefined && this.holdsProcess) release(this.list);
    this.holdsProcess = false;
    return this;
  }
}

/**
 * Timers for deadlines: many of few durations, nearly all of which are cleared before they fire. To set and to clear one
 * is to link and unlink it; there is one native timer for each duration, not for each deadline.
 *
 * None fires early: the native timer only says when to look, and what is due is decided by the monotonic clock.
 */
export class TimerLists {
  readonly #source: TimerSource;
  readonly #lists = new Map<number, TimerList>();

  constructor(source: TimerSource) {
    this.#source = source;
  }

  set(callback: () => void, delay: number): ListedTimer {
    const duration = Math.max(0, delay);
    let list = this.#lists.get(duration);
    if (list === undefined) {
      list = { duration, first: undefined, last: undefined, holders: 0, native: undefined };
      this.#lists.set(duration, list);
    }
    const timer = new ListedTimer(list, this.#source.monotonic() + duration, callback);
    if (list.last === undefined) list.first = timer;
    else list.last.next = timer;
    list.last = timer;
    if (list.native === undefined) this.#arm(list, duration);
    list.holders++;
    if (list.holders === 1) (list.native as { ref?: () => unknown }).ref?.();
    return timer;
  }

  clear(timer: ListedTimer): void {
    const { list } = timer;
    if (list === undefined) return;
    unlink(list, timer);
    if (timer.holdsProcess) release(list);
  }

  #arm(list: TimerList, delay: number): void {
    const wait = Math.min(Math.ceil(delay), LONGEST_WAIT);
    list.native = this.#source.setTimeout(() => this.#fire(list), wait) as NativeTimer;
  }

  #fire(list: TimerList): void {
    const now = this.#source.monotonic();
    const { last } = list;
    try {
      for (let timer = list.first; timer !== undefined && timer.due <= now; timer = list.first) {
        this.clear(timer);
        timer.callback();
        // What a callback sets on this list waits for the next look, or timers of 0 ms could go on for ever.
        if (timer === last) break;
      }
    } finally {
      if (list.first === undefined) {
        list.native = undefined;
        this.#lists.delete(list.duration);
      } else {
        this.#arm(list, Math.max(0, list.first.due - this.#source.monotonic()));
        if (list.holders === 0) (list.native as { unref?: () => unknown } | undefined)?.unref?.();
      }
    }
  }
}

function unlink(list: TimerList, timer: ListedTimer): void {
  if (timer.previous === undefined) list.first = timer.next;
  else timer.previous.next = timer.next;
  if (timer.next === undefined) list.last = timer.previous;
  else timer.next.previous = timer.previous;
  timer.list = undefined;
  timer.previous = undefined;
  timer.next = undefined;
}

/** One timer less keeps the process alive. An empty list keeps its native timer, which the next deadline takes over. */
function release(list: TimerList): void {
  list.holders--;
  if (list.holders === 0) (list.native as { unref?: () => unknown } | undefined)?.unref?.();
}
