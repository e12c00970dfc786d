/** The numbers of a row, by their position in it, counted in 64-bit numbers. The first four hold the hash. */
export const NUMBER = { created: 4, lastAccessed: 5, id: 6 } as const;
/** The links of a row to other rows, by their position in it, counted in 32-bit words. */
export const LINK = { laterUsed: 14, earlierUsed: 15, laterOfUser: 16, earlierOfUser: 17 } as const;

export type NumberField = (typeof NUMBER)[keyof typeof NUMBER];
export type LinkField = (typeof LINK)[keyof typeof LINK];

const HASH_WORDS = 8;
const NUMBERS_PER_ROW = 9;
const WORDS_PER_ROW = 2 * NUMBERS_PER_ROW;
const PAGE_BITS = 12;
const ROWS_PER_PAGE = 2 ** PAGE_BITS;
const OFFSET_MASK = ROWS_PER_PAGE - 1;

class Page {
  readonly numbers = new Float64Array(ROWS_PER_PAGE * NUMBERS_PER_ROW);
  readonly words = new Int32Array(this.numbers.buffer);
  readonly users = new Array<string>(ROWS_PER_PAGE).fill('');
  readonly addresses = new Array<string>(ROWS_PER_PAGE).fill('');
  /** How many rows are in use. */
  used = 0;
  /** How many rows have ever been in use: those beyond are free as well. */
  touched = 0;
  /** The first of the chain of rows that were in use and are free again; 0 if there is none. */
  firstFree = 0;
}

/**
 * A table of sessions in typed arrays, in pages that are made and dropped one by one. As objects, a million sessions
 * cost twice the memory, and the garbage collector 30 ms in one piece when they expire; here it has next to nothing to
 * look at, and no step of the table takes longer because the table is large.
 *
 * A row is a number from {@link ROWS_PER_PAGE} on; 0 is no row.
 */
export class SessionRows {
  readonly #pages: (Page | undefined)[] = [undefined];
  readonly #pagesWithRoom = new Set<number>();
  readonly #droppedPages: number[] = [];

  #page(row: number): Page {
    return this.#pages[row >>> PAGE_BITS] as Page;
  }

  /** @returns a row for a new session. What it holds is anything. */
  allocate(): number {
    const [pageNumber = this.#addPage()] = this.#pagesWithRoom;
    const page = this.#pages[pageNumber] as Page;
    let row = page.firstFree;
    if (row === 0) {
      row = pageNumber * ROWS_PER_PAGE + page.touched;
      page.touched += 1;
    } else {
      page.firstFree = this.link(row, LINK.laterUsed);
    }
    page.used += 1;
    if (page.used === ROWS_PER_PAGE) this.#pagesWithRoom.delete(pageNumber);
    return row;
  }

  free(row: number): void {
    const pageNumber = row >>> PAGE_BITS;
    const page = this.#page(row);
    page.used -= 1;
    if (page.used === 0) {
      this.#pages[pageNumber] = undefined;
      this.#pagesWithRoom.delete(pageNumber);
      this.#droppedPages.push(pageNumber);
      return;
    }
    this.setTexts(row, '', '');
    this.setLink(row, LINK.laterUsed, page.firstFree);
    page.firstFree = row;
    this.#pagesWithRoom.add(pageNumber);
  }

  #addPage(): number {
    const pageNumber = this.#droppedPages.pop() ?? this.#pages.length;
    this.#pages[pageNumber] = new Page();
    this.#pagesWithRoom.add(pageNumber);
    return pageNumber;
  }

  number(row: number, field: NumberField): number {
    return this.#page(row).numbers[(row & OFFSET_MASK) * NUMBERS_PER_ROW + field] as number;
  }

  setNumber(row: number, field: NumberField, value: number): void {
    this.#page(row).numbers[(row & OFFSET_MASK) * NUMBERS_PER_ROW + field] = value;
  }

  link(row: number, field: LinkField): number {
    return this.#page(row).words[(row & OFFSET_MASK) * WORDS_PER_ROW + field] as number;
  }

  setLink(row: number, field: LinkField, target: number): void {
    this.#page(row).words[(row & OFFSET_MASK) * WORDS_PER_ROW + field] = target;
  }

  user(row: number): string {
    return this.#page(row).users[row & OFFSET_MASK] as string;
  }

  address(row: number): string {
    return this.#page(row).addresses[row & OFFSET_MASK] as string;
  }

  setTexts(row: number, user: string, address: string): void {
    const page = this.#page(row);
    page.users[row & OFFSET_MASK] = user;
    page.addresses[row & OFFSET_MASK] = address;
  }

  /** One of the eight words of the hash. */
  hashWord(row: number, index: number): number {
    return this.#page(row).words[(row & OFFSET_MASK) * WORDS_PER_ROW + index] as number;
  }

  setHash(row: number, hash: Int32Array): void {
    this.#page(row).words.set(hash, (row & OFFSET_MASK) * WORDS_PER_ROW);
  }

  /** Whether the row has this hash. It takes the same time whichever words differ. */
  hasHash(row: number, hash: Int32Array): boolean {
    const { words } = this.#page(row);
    const start = (row & OFFSET_MASK) * WORDS_PER_ROW;
    let difference = 0;
    for (let i = 0; i < HASH_WORDS; i += 1) difference |= (words[start + i] as number) ^ (hash[i] as number);
    return difference === 0;
  }
}
