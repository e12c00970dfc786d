import { RowRing } from './row-ring.js';
import { LINK, type SessionRows } from './session-rows.js';

const SHARDS = 256;

/** Finds the rows of a user. In shards, since a single large `Map` stops the event loop when it grows. */
export class UserIndex {
  readonly #rows: SessionRows;
  readonly #ring: RowRing;
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, number>());

  constructor(rows: SessionRows) {
    this.#rows = rows;
    this.#ring = new RowRing(rows, LINK.laterOfUser, LINK.earlierOfUser);
  }

  /** `row` must be of a later session than all of the same user. */
  add(row: number): void {
    const user = this.#rows.user(row);
    const shard = this.#shard(user);
    shard.set(user, this.#ring.append(shard.get(user) ?? 0, row));
  }

  remove(row: number): void {
    const user = this.#rows.user(row);
    const shard = this.#shard(user);
    const first = this.#ring.remove(shard.get(user) as number, row);
    if (first === 0) shard.delete(user);
    else shard.set(user, first);
  }

  /** The rows of a user, the earliest session first. None may be removed meanwhile. */
  *rowsOf(user: string): Generator<number, void> {
    const first = this.#shard(user).get(user) ?? 0;
    for (let row = first; row !== 0; row = this.#ring.next(first, row)) yield row;
  }

  #shard(user: string): Map<string, number> {
    let hash = 0;
    for (let i = 0; i < user.length; i += 1) hash = (Math.imul(hash, 31) + user.charCodeAt(i)) | 0;
    return this.#shards[hash & (SHARDS - 1)] as Map<string, number>;
  }
}
