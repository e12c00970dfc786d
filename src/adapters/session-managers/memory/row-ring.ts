import type { LinkField, SessionRows } from './session-rows.js';

/** Lists of rows, linked through the rows themselves. A list is known by its first row; 0 is the empty list. */
export class RowRing {
  readonly #rows: SessionRows;
  readonly #later: LinkField;
  readonly #earlier: LinkField;

  constructor(rows: SessionRows, later: LinkField, earlier: LinkField) {
    this.#rows = rows;
    this.#later = later;
    this.#earlier = earlier;
  }

  /** @returns the list with `row` as its last, by its first row */
  append(first: number, row: number): number {
    if (first === 0) {
      this.#join(row, row);
      return row;
    }
    this.#join(this.#rows.link(first, this.#earlier), row);
    this.#join(row, first);
    return first;
  }

  /** @returns the list without `row`, by its first row */
  remove(first: number, row: number): number {
    const next = this.#rows.link(row, this.#later);
    if (next === row) return 0;
    this.#join(this.#rows.link(row, this.#earlier), next);
    return row === first ? next : first;
  }

  /** @returns the row after `row`, or 0 */
  next(first: number, row: number): number {
    const next = this.#rows.link(row, this.#later);
    return next === first ? 0 : next;
  }

  #join(earlier: number, later: number): void {
    this.#rows.setLink(earlier, this.#later, later);
    this.#rows.setLink(later, this.#earlier, earlier);
  }
}
