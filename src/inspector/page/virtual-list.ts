import { fill, html } from './dom.js';

/** Rows beyond both ends of what can be seen. */
const MARGIN = 8;

/** Options of {@link VirtualList}. */
export interface VirtualListOptions<Item> {
  label: string;
  rowHeight: number;
  /** Draws the content of a row. */
  draw: (item: Item) => Node[];
  onOpen: (item: Item) => void;
}

/** A list of any length: only the rows that can be seen exist. The newest item is on top; items only ever are added. */
export class VirtualList<Item> {
  readonly element: HTMLElement;
  readonly #rows = html('div', { class: 'rows' });
  readonly #options: VirtualListOptions<Item>;
  readonly #drawn = new Map<number, HTMLElement>();
  #items: readonly Item[] = [];
  #chosen: number | undefined;

  constructor(options: VirtualListOptions<Item>) {
    this.#options = options;
    this.element = html(
      'div',
      {
        class: 'virtual-list',
        role: 'listbox',
        tabindex: 0,
        'aria-label': options.label,
        scroll: () => this.#draw(),
        keydown: (event: KeyboardEvent) => this.#onKey(event),
      },
      this.#rows,
    );
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  /** @param items - the oldest first @param isSame - whether these are the items of before, with some added at the end */
  show(items: readonly Item[], isSame: boolean): void {
    const added = items.length - this.#items.length;
    this.#items = items;
    if (!isSame) {
      this.#chosen = undefined;
      this.element.scrollTop = 0;
    }
    this.#rows.style.height = `${items.length * this.#options.rowHeight}px`;
    // Whoever has scrolled down goes on seeing the same rows.
    if (isSame && added > 0 && this.element.scrollTop > 0) this.element.scrollTop += added * this.#options.rowHeight;
    if (!isSame || added !== 0) this.#clear();
    this.#draw();
  }

  #clear(): void {
    for (const row of this.#drawn.values()) row.remove();
    this.#drawn.clear();
  }

  #draw(): void {
    const { rowHeight, draw, onOpen } = this.#options;
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - MARGIN);
    const last = Math.min(this.#items.length, Math.ceil((scrollTop + clientHeight) / rowHeight) + MARGIN);
    for (const [position, row] of this.#drawn) {
      if (position >= first && position < last) continue;
      row.remove();
      this.#drawn.delete(position);
    }
    for (let position = first; position < last; position++) {
      if (this.#drawn.has(position)) continue;
      const index = this.#items.length - 1 - position;
      const item = this.#items[index] as Item;
      const row = html('div', {
        id: `row-${index}`,
        class: 'row',
        role: 'option',
        'aria-setsize': this.#items.length,
        'aria-posinset': position + 1,
        click: () => {
          this.#choose(index);
          onOpen(item);
        },
      });
      row.style.transform = `translateY(${position * rowHeight}px)`;
      fill(row, ...draw(item));
      this.#rows.append(row);
      this.#drawn.set(position, row);
    }
    this.#markChosen();
  }

  #onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#options.rowHeight) - 1);
    const last = this.#items.length - 1;
    const position = this.#chosen === undefined ? -1 : last - this.#chosen;
    const moves: Record<string, number> = {
      ArrowDown: position + 1,
      ArrowUp: position - 1,
      PageDown: position + page,
      PageUp: position - page,
      Home: 0,
      End: last,
    };
    const move = moves[event.key];
    if (move !== undefined) {
      event.preventDefault();
      this.#choose(last - Math.min(last, Math.max(0, move)));
      this.#reveal();
    } else if (event.key === 'Enter' && this.#chosen !== undefined) {
      this.#options.onOpen(this.#items[this.#chosen] as Item);
    }
  }

  #choose(index: number): void {
    this.#chosen = index;
    this.#markChosen();
  }

  #reveal(): void {
    if (this.#chosen === undefined) return;
    const { rowHeight } = this.#options;
    const top = (this.#items.length - 1 - this.#chosen) * rowHeight;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + rowHeight > scrollTop + clientHeight) this.element.scrollTop = top + rowHeight - clientHeight;
    this.#draw();
  }

  #markChosen(): void {
    const id = this.#chosen === undefined ? '' : `row-${this.#chosen}`;
    for (const row of this.#drawn.values()) row.setAttribute('aria-selected', String(row.id === id));
    if (id === '') this.element.removeAttribute('aria-activedescendant');
    else this.element.setAttribute('aria-activedescendant', id);
  }
}
