/** Eight to an octave: a figure is off by less than 5 %. */
const STEPS = 8;
/** 2^-10 ms, about a microsecond, and less. */
const LOWEST = -10;
const SIZE = 40 * STEPS;

/** Counts durations, and tells below which one so many of them are. It takes the same room for any number of them. */
export class DurationHistogram {
  #recent = new Uint32Array(SIZE);
  #older = new Uint32Array(SIZE);

  add(milliseconds: number): void {
    const step = milliseconds > 0 ? Math.round((Math.log2(milliseconds) - LOWEST) * STEPS) : 0;
    const index = Math.min(SIZE - 1, Math.max(0, step));
    this.#recent[index] = (this.#recent[index] as number) + 1;
  }

  /** Forgets what came before the last call: so figures are of the last one or two spans of time. */
  rotate(): void {
    const emptied = this.#older.fill(0);
    this.#older = this.#recent;
    this.#recent = emptied;
  }

  /** @param share - from 0 to 1 @returns milliseconds; 0 if nothing was counted */
  percentile(share: number): number {
    const count = (index: number) => (this.#recent[index] as number) + (this.#older[index] as number);
    let total = 0;
    for (let index = 0; index < SIZE; index++) total += count(index);
    let left = Math.max(1, Math.ceil(total * share));
    for (let index = 0; index < SIZE && total > 0; index++) {
      left -= count(index);
      if (left <= 0) return 2 ** (index / STEPS + LOWEST);
    }
    return 0;
  }
}
