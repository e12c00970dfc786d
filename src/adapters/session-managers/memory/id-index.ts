const PAGE_BITS = 10;
const IDS_PER_PAGE = 2 ** PAGE_BITS;

interface Page {
  /** The row of each id; 0 where there is none. */
  readonly rows: Int32Array;
  used: number;
}

/** Finds rows by id, and in the order of their ids. Ids are handed out in ascending order, so pages come and go. */
export class IdIndex {
  readonly #pages = new Map<number, Page>();
  #lastId = 0;
  /** No id below this one has a row. */
  #lowestId = 1;

  /** @returns the id that `row` has from now on: one that no row ever had */
  add(row: number): number {
    this.#lastId += 1;
    const pageNumber = pageOf(this.#lastId);
    let page = this.#pages.get(pageNumber);
    if (page === undefined) {
      page = { rows: new Int32Array(IDS_PER_PAGE), used: 0 };
      this.#pages.set(pageNumber, page);
    }
    page.rows[this.#lastId % IDS_PER_PAGE] = row;
    page.used += 1;
    return this.#lastId;
  }

  /** @returns the row with this id, or 0 */
  find(id: number): number {
    return this.#pages.get(pageOf(id))?.rows[id % IDS_PER_PAGE] ?? 0;
  }

  remove(id: number): void {
    const page = this.#pages.get(pageOf(id)) as Page;
    page.rows[id % IDS_PER_PAGE] = 0;
    page.used -= 1;
    if (page.used === 0) this.#pages.delete(pageOf(id));
  }

  /** @returns the row with the lowest id greater than `id`, or 0 */
  next(id: number): number {
    const start = Math.max(id + 1, this.#lowestId);
    for (let candidate = start; candidate <= this.#lastId; ) {
      const page = this.#pages.get(pageOf(candidate));
      if (page === undefined) {
        candidate = (pageOf(candidate) + 1) * IDS_PER_PAGE;
        continue;
      }
      const row = page.rows[candidate % IDS_PER_PAGE] as number;
      if (row !== 0) {
        if (start === this.#lowestId) this.#lowestId = candidate;
        return row;
      }
      candidate += 1;
    }
    if (start === this.#lowestId) this.#lowestId = this.#lastId + 1;
    return 0;
  }
}

/** Not by `>>>`, which cuts to 32 bits. */
function pageOf(id: number): number {
  return Math.floor(id / IDS_PER_PAGE);
}
