import type { InitRecord, InitUnderWay as UnderWay } from '../index.js';
import { DurationHistogram } from './duration-histogram.js';
import { ANY_STATE, type InitUnderWay, type OutcomeSlot, type Overview } from './protocol.js';
import { shortened } from './shortened.js';

const SLOT_LENGTH = 5_000;
/** Fifteen minutes. */
const MAX_SLOTS = 180;
const ROTATION = 60_000;
const MAX_WAITING = 20;
const ENDED_FROM_OUTSIDE: readonly string[] = ['cancelled', 'draining'];

/** What is counted of one state. */
interface StateCount {
  count: number;
  readonly durations: DurationHistogram;
}

/** Counts inits by their records: which way they went, how long they were in each state, and how they ended. */
export class Statistics {
  readonly #initial: () => string;
  readonly #states = new Map<string, StateCount>();
  readonly #ways = new Map<string, number>();
  readonly #slots: { at: number; counts: Record<string, number> }[] = [];
  #since: number;
  #rotatedAt: number;
  #completed = 0;

  /**
   * @param initial - the state in which every init begins, though it never rests there
   * @param now - milliseconds since the epoch
   */
  constructor(initial: () => string, now: number) {
    this.#initial = initial;
    this.#since = now;
    this.#rotatedAt = now;
  }

  add(record: InitRecord): void {
    this.#completed++;
    const endedAt = record.startedAt + record.duration;
    this.#since = Math.min(this.#since, record.startedAt);
    let before = this.#initial();
    for (const [state, spent] of Object.entries(record.phases)) {
      this.#pass(before, state);
      this.#stateOf(state).durations.add(spent);
      before = state;
    }
    // Whoever ends it from outside does so in any state.
    this.#pass(ENDED_FROM_OUTSIDE.includes(record.code ?? '') ? ANY_STATE : before, record.state);
    const { counts } = this.#slotAt(endedAt);
    const reason = record.reason ?? '';
    counts[reason] = (counts[reason] ?? 0) + 1;
  }

  overview(now: number, underWay: readonly UnderWay[]): Overview {
    this.#rotate(now);
    const present: Record<string, number> = {};
    const initial = this.#initial();
    for (const { steps } of underWay) {
      const state = steps.at(-1)?.state ?? initial;
      present[state] = (present[state] ?? 0) + 1;
    }
    return {
      since: this.#since,
      completed: this.#completed,
      present,
      waiting: underWay.slice(0, MAX_WAITING).map((init) => waitingInit(init, now, initial)),
      states: Object.fromEntries([...this.#states].map(([state, it]) => [state, figuresOf(it)])),
      ways: Object.fromEntries(this.#ways),
    };
  }

  /** All slots, or the last two, which are those that may have changed lately. */
  slots(count = MAX_SLOTS): readonly OutcomeSlot[] {
    return this.#slots.slice(-count);
  }

  #pass(from: string, to: string): void {
    const way = `${from}->${to}`;
    this.#ways.set(way, (this.#ways.get(way) ?? 0) + 1);
    this.#stateOf(to).count++;
  }

  #stateOf(state: string): StateCount {
    let found = this.#states.get(state);
    if (found === undefined) {
      found = { count: 0, durations: new DurationHistogram() };
      this.#states.set(state, found);
    }
    return found;
  }

  /** Inits end in order, so the slot is the last one, or a new one. A clock that was set back counts in the last one. */
  #slotAt(time: number): { at: number; counts: Record<string, number> } {
    const at = Math.floor(time / SLOT_LENGTH) * SLOT_LENGTH;
    const last = this.#slots.at(-1);
    if (last !== undefined && last.at >= at) return last;
    const slot = { at, counts: {} };
    this.#slots.push(slot);
    if (this.#slots.length > MAX_SLOTS) this.#slots.shift();
    return slot;
  }

  #rotate(now: number): void {
    if (now - this.#rotatedAt < ROTATION) return;
    this.#rotatedAt = now;
    for (const { durations } of this.#states.values()) durations.rotate();
  }
}

function figuresOf({ count, durations }: StateCount) {
  return { count, p50: durations.percentile(0.5), p95: durations.percentile(0.95) };
}

function waitingInit(
  { referenceId, username, ipAddress, startedAt, steps }: UnderWay,
  now: number,
  initial: string,
): InitUnderWay {
  const { state, at } = steps.at(-1) ?? { state: initial, at: 0 };
  return {
    referenceId,
    username: shortened(username),
    ipAddress,
    startedAt,
    state,
    waited: Math.max(0, now - startedAt - at),
  };
}
