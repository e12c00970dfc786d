/** Something that is under way, between what began before it and after it. */
export interface UnderWayEntry<Item> {
  readonly item: Item;
  isUnderWay: boolean;
  previous: UnderWayEntry<Item> | undefined;
  next: UnderWayEntry<Item> | undefined;
}

/**
 * What is under way, in the order in which it began.
 *
 * It is linked, and no Map: a Map that grows and shrinks with the load leaves tables behind that still hold what was in
 * them, and one of these that has grown old takes all of that with it, to be copied and kept until the next full
 * collection. With 64 inits at a time that took a fifth of the time of each.
 */
export class UnderWay<Item> {
  #first: UnderWayEntry<Item> | undefined;
  #last: UnderWayEntry<Item> | undefined;

  begin(item: Item): UnderWayEntry<Item> {
    const entry: UnderWayEntry<Item> = { item, isUnderWay: true, previous: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    return entry;
  }

  end(entry: UnderWayEntry<Item>): void {
    const { previous, next } = entry;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    entry.isUnderWay = false;
    // Else what has ended would hold what has not.
    entry.previous = undefined;
    entry.next = undefined;
  }

  /** Those that are under way now. */
  list(): UnderWayEntry<Item>[] {
    const entries: UnderWayEntry<Item>[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.next) entries.push(entry);
    return entries;
  }
}
