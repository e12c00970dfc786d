import type { SessionRows } from './session-rows.js';

const SHARDS = 256;
const SMALLEST = 16;
/** Which word of a hash picks the shard, and which the place in it. */
const SHARD_WORD = 0;
const PLACE_WORD = 1;

interface Shard {
  /** Rows, each at the place that its hash names or after it; 0 where there is none. The length is a power of two. */
  places: Int32Array;
  used: number;
}

/**
 * Finds rows by the hash of their secret: open addressing with linear probing, in shards, so that growing never copies
 * more than a small part. SHA-256 spreads the hashes evenly, and nobody can choose them.
 *
 * The time of a look-up tells at most how crowded the place is where the hash of a guess belongs, which says nothing of
 * a secret; the hashes themselves are compared in constant time.
 */
export class SecretIndex {
  readonly #rows: SessionRows;
  readonly #shards: Shard[] = Array.from({ length: SHARDS }, () => ({ places: new Int32Array(SMALLEST), used: 0 }));

  constructor(rows: SessionRows) {
    this.#rows = rows;
  }

  #shard(hashWord: number): Shard {
    return this.#shards[hashWord & (SHARDS - 1)] as Shard;
  }

  /** @returns the row with this hash, or 0 */
  find(hash: Int32Array): number {
    const { places } = this.#shard(hash[SHARD_WORD] as number);
    const mask = places.length - 1;
    for (let place = (hash[PLACE_WORD] as number) & mask; ; place = (place + 1) & mask) {
      const row = places[place] as number;
      if (row === 0 || this.#rows.hasHash(row, hash)) return row;
    }
  }

  add(row: number): void {
    const shard = this.#shard(this.#rows.hashWord(row, SHARD_WORD));
    if (shard.used * 2 >= shard.places.length) this.#resize(shard, shard.places.length * 2);
    this.#put(shard.places, row);
    shard.used += 1;
  }

  remove(row: number): void {
    const shard = this.#shard(this.#rows.hashWord(row, SHARD_WORD));
    const { places } = shard;
    const mask = places.length - 1;
    let gap = this.#home(row, mask);
    while (places[gap] !== row) gap = (gap + 1) & mask;
    // What follows closes the gap, unless it would come to stand before the place that its hash names.
    for (let place = (gap + 1) & mask; places[place] !== 0; place = (place + 1) & mask) {
      const follower = places[place] as number;
      const distance = (place - this.#home(follower, mask)) & mask;
      if (distance < ((place - gap) & mask)) continue;
      places[gap] = follower;
      gap = place;
    }
    places[gap] = 0;
    shard.used -= 1;
    if (places.length > SMALLEST && shard.used * 8 < places.length) this.#resize(shard, places.length / 2);
  }

  #home(row: number, mask: number): number {
    return this.#rows.hashWord(row, PLACE_WORD) & mask;
  }

  #put(places: Int32Array, row: number): void {
    const mask = places.length - 1;
    let place = this.#home(row, mask);
    while (places[place] !== 0) place = (place + 1) & mask;
    places[place] = row;
  }

  #resize(shard: Shard, length: number): void {
    const places = new Int32Array(length);
    for (const row of shard.places) if (row !== 0) this.#put(places, row);
    shard.places = places;
  }
}
