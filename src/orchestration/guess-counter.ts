import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import type { CallOptions } from '../adapters/ports.js';
import { OverloadedError } from '../model/errors.js';

/** So many may wait on one key: those of one account or address must not fill the queue of all. */
const MAX_WAITING = 1_024;

const NOBODY: readonly never[] = [];

/** What became of an attempt: only `denied` counts as a guess; `succeeded` clears the count. */
export type Verdict = 'succeeded' | 'denied' | 'withdrawn';

/** An attempt that may go ahead. It must be settled, once. */
export interface Guess {
  settle(verdict: Verdict): Promise<void>;
}

/** Attempts on one key that are under way, and those that wait to see how these end. */
interface Line {
  active: number;
  /** The points that they hold: one each, until it is given back or has become a failure. */
  held: number;
  /** How many of them there have ever been. */
  entered: number;
  /** Set by a success: the points of those that had entered then go on until then. */
  carried: { entered: number; until: number } | undefined;
  /** There is one only while somebody waits: most keys have one attempt at a time. */
  waiting: Set<() => void> | undefined;
}

/** A point that was taken, and the system's time at which it is gone by itself, with its window. */
interface Point {
  readonly entry: number;
  readonly until: number;
}

/**
 * Counts failed attempts by key and lets no more go ahead at once than may still fail, so that a limit of 50 failures
 * is one of 50 guesses also when a thousand come together (promise P8).
 *
 * Every attempt takes a point beforehand and gets it back unless it is denied. An attempt that finds none left waits if
 * others are under way, for they may give theirs back; if failures alone have taken them all, the key is locked until its
 * window has passed.
 * Attempts while it is locked do not prolong that: nobody can be locked out for good.
 */
export class GuessCounter {
  readonly #limiter: RateLimiterAbstract;
  readonly #clearOnSuccess: boolean;
  readonly #lines = new Map<string, Line>();

  /**
   * @param limiter - its `points` are the failures allowed within its `duration`
   * @param clearOnSuccess - whether a success forgets earlier failures. An account's does; an address's must not, or
   * an attacker with one good account guesses at will.
   */
  constructor(limiter: RateLimiterAbstract, clearOnSuccess: boolean) {
    this.#limiter = limiter;
    this.#clearOnSuccess = clearOnSuccess;
  }

  /**
   * @returns the attempt; or, if the key is locked, the seconds until it is not
   * @throws whatever the limiter's store throws, the reason of the signal, or an OverloadedError if too many wait already
   */
  async reserve(key: string, options: CallOptions): Promise<Guess | number> {
    for (;;) {
      const line = this.#enter(key);
      const entry = line.entered;
      try {
        const { msBeforeNext } = await this.#limiter.consume(key);
        return new Reservation(this, key, line, { entry, until: Date.now() + msBeforeNext });
      } catch (rejection) {
        if (!(rejection instanceof RateLimiterRes)) {
          line.held--;
          this.#leave(key, line, 0);
          throw rejection;
        }
        const failures = await this.#giveUp(key, line);
        if (failures >= this.#limiter.points) return Math.max(1, Math.ceil(rejection.msBeforeNext / 1000));
        if (line.active === 0) continue;
        if ((line.waiting?.size ?? 0) >= MAX_WAITING)
          throw new OverloadedError(`${MAX_WAITING} attempts wait for this key.`);
        await turnIn(line, options.signal);
      }
    }
  }

  /** Counts what became of an attempt that had gone ahead. */
  async settle(key: string, line: Line, point: Point, verdict: Verdict): Promise<void> {
    let freed = 0;
    try {
      if (verdict === 'succeeded' && this.#clearOnSuccess) freed = await this.#clear(key, line);
      else if (verdict === 'denied') line.held--;
      else {
        await this.#giveBack(key, line, point);
        freed = 1;
      }
    } finally {
      this.#leave(key, line, freed);
    }
  }

  /**
   * Gives the point back that was one too many.
   *
   * @returns how many of the points are failures. Whoever else held one meanwhile is not counted: when this is known, it
   * may have given it back.
   */
  async #giveUp(key: string, line: Line): Promise<number> {
    const { held, entered } = line;
    try {
      const consumedPoints = await this.#giveBack(key, line);
      return consumedPoints - (held - 1) - (line.entered - entered);
    } finally {
      this.#leave(key, line, 0);
    }
  }

  /**
   * Gives a point back. A key without failures is not kept until its window has passed: there may be many.
   *
   * @returns how many points are taken then
   */
  async #giveBack(key: string, line: Line, point?: Point): Promise<number> {
    line.held--;
    // In the next window it would be one guess more.
    if (point !== undefined && isGone(point, line)) return 0;
    const { consumedPoints } = await this.#limiter.reward(key);
    if (consumedPoints < 0 || (consumedPoints === 0 && line.active === 1)) await this.#limiter.delete(key);
    return consumedPoints;
  }

  /** Forgets the failures, but not the points of the attempts that are under way: they can still fail. */
  async #clear(key: string, line: Line): Promise<number> {
    line.held--;
    const others = line.held;
    line.carried = { entered: line.entered, until: Date.now() + this.#limiter.duration * 1000 };
    if (others > 0) await this.#limiter.set(key, others, this.#limiter.duration);
    else await this.#limiter.delete(key);
    return this.#limiter.points - others;
  }

  #enter(key: string): Line {
    const there = this.#lines.get(key);
    const line = there ?? { active: 0, held: 0, entered: 0, carried: undefined, waiting: undefined };
    if (there === undefined) this.#lines.set(key, line);
    line.active++;
    line.held++;
    line.entered++;
    return line;
  }

  /** Wakes as many as there are places now; or everybody, if nobody is left who could wake them later. */
  #leave(key: string, line: Line, freed: number): void {
    line.active--;
    let wake = line.active === 0 ? Number.POSITIVE_INFINITY : freed;
    for (const turn of line.waiting ?? NOBODY) {
      if (wake-- <= 0) break;
      line.waiting?.delete(turn);
      turn();
    }
    if (line.active === 0 && !line.waiting?.size && this.#lines.get(key) === line) this.#lines.delete(key);
  }
}

/** An attempt that has gone ahead. */
class Reservation implements Guess {
  readonly #counter: GuessCounter;
  readonly #key: string;
  readonly #line: Line;
  readonly #point: Point;

  constructor(counter: GuessCounter, key: string, line: Line, point: Point) {
    this.#counter = counter;
    this.#key = key;
    this.#line = line;
    this.#point = point;
  }

  settle(verdict: Verdict): Promise<void> {
    return this.#counter.settle(this.#key, this.#line, this.#point, verdict);
  }
}

function isGone({ entry, until }: Point, { carried }: Line): boolean {
  const isCarried = carried !== undefined && entry <= carried.entered;
  return Date.now() >= (isCarried ? Math.max(until, carried.until) : until);
}

function turnIn(line: Line, signal: AbortSignal): Promise<void> {
  line.waiting ??= new Set();
  const { waiting } = line;
  return new Promise((resolve, reject) => {
    const turn = () => {
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const abort = () => {
      waiting.delete(turn);
      reject(signal.reason);
    };
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    waiting.add(turn);
  });
}
