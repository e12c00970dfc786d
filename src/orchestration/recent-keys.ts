/** Remembers keys, and forgets those that were not added for longest when there are too many. */
export class RecentKeys {
  readonly #size: number;
  readonly #keys = new Set<string>();

  constructor(size: number) {
    this.#size = size;
  }

  add(key: string): void {
    // Anew at the end: a set keeps the order of insertion.
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= this.#size) return;
    const [oldest] = this.#keys;
    this.#keys.delete(oldest as string);
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }
}
